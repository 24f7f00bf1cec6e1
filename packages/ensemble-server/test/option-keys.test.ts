import { expect, it } from 'vitest';
import { createHandler, serve } from '../src/index.ts';

const bundles = { digits: 'nowhere' };

/** By function: an option of it, and a call with other options. */
const calls: Record<string, readonly [option: string, run: (options: never) => unknown]> = {
  createHandler: ['bundles', (options) => createHandler(options)],
  serve: ['grpcPort', (options) => serve(options)],
  'serve, access': ['admin', (access) => serve({ bundles, access })],
  'serve, access of a group': ['header', (admin) => serve({ bundles, access: { admin } })],
  'serve, limits': ['bodyBytes', (limits) => serve({ bundles, limits })],
  'serve, limits of a model': [
    'maxRows',
    (limits) => serve({ bundles: { digits: { bundle: 'nowhere', limits } } }),
  ],
  'serve, model': [
    'runtime',
    (more: object) => serve({ bundles: { digits: { bundle: 'nowhere', ...more } } }),
  ],
  'serve, tls': ['cert', (tls) => serve({ bundles, tls })],
};

/** A misspelt key would otherwise be a default in silence. */
it.each(Object.entries(calls))('%s refuses an option that it does not have', async (_, call) => {
  const [option, run] = call;
  const misspelt = { [`${option}s`]: 1 } as never;
  await expect(Promise.resolve(misspelt).then(run)).rejects.toThrow(`Did you mean "${option}"?`);
});
