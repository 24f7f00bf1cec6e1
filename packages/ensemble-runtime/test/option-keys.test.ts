import { memoryBundle } from '@snapshot-ensemble/ensemble-bundle';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadOrt } from '../src/executor/load-ort.ts';
import { loadEnsemble, tune, type Ensemble } from '../src/index.ts';
import { loadEnsemble as loadInPage } from '../src/web/index.ts';

const tiny = new URL('../../../conformance/serving/golden/tiny', import.meta.url);
const inputs = new Float32Array(3);
let ensemble: Ensemble;
beforeAll(async () => {
  ensemble = await loadEnsemble(tiny, { executor: { ort: await loadOrt() } });
});
afterAll(() => ensemble.close());

/** By function: an option of it, and a call with other options. */
const calls: Record<string, readonly [option: string, run: (options: never) => unknown]> = {
  loadEnsemble: ['threads', (options) => loadEnsemble(tiny, options)],
  'loadEnsemble, batching': ['maxRows', (batching) => loadEnsemble(tiny, { batching })],
  'loadEnsemble in a page': ['cascade', (options) => loadInPage(memoryBundle(), options)],
  predict: ['maxMembers', (options) => ensemble.predict(inputs, options)],
  predictMembers: ['deadline', (options) => ensemble.predictMembers(inputs, options)],
  tune: ['seconds', (options) => tune(tiny, options)],
  warmUp: ['rows', (options) => ensemble.warmUp(options)],
};

/** A misspelt key would otherwise be a default in silence. */
it.each(Object.entries(calls))('%s refuses an option that it does not have', async (_, call) => {
  const [option, run] = call;
  const misspelt = { [`${option}s`]: 1 } as never;
  await expect(Promise.resolve(misspelt).then(run)).rejects.toThrow(`Did you mean "${option}"?`);
});
