import { expect, it } from 'vitest';
import { memoryBundle, writeBundle } from '../src/index.ts';
import { collectRevisions } from '../src/node/index.ts';
import { exampleManifest } from './example.ts';

/** By function: an option of it, and a call with other options. */
const calls: Record<string, readonly [option: string, run: (options: never) => unknown]> = {
  collectRevisions: ['dryRun', (options) => collectRevisions('nowhere', options)],
  writeBundle: [
    'layout',
    (options) => writeBundle(memoryBundle(), { manifest: exampleManifest(), files: {} }, options),
  ],
};

/** A misspelt key would otherwise be a default in silence. */
it.each(Object.entries(calls))('%s refuses an option that it does not have', async (_, call) => {
  const [option, run] = call;
  const misspelt = { [`${option}s`]: 1 } as never;
  await expect(Promise.resolve(misspelt).then(run)).rejects.toThrow(`Did you mean "${option}"?`);
});
