import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { generateSnapshotCallbacks } from '../src/generate-snapshot-callbacks.ts';
import { loadMembers } from '../src/load-members.ts';
import { pythonDefaults } from '../src/plan-options.ts';
import { snapshotEnsembleCallback } from '../src/snapshot-ensemble-callback.ts';
import { toTfjsCallback } from '../src/to-tfjs-callback.ts';
import { trainSteps } from '../src/train-steps.ts';
import { tfjsTrainer } from '../src/trainer.ts';
import { bench, type Bench } from './bench.ts';
import { tinyModel, useBackend } from './tiny.ts';

beforeAll(useBackend);

let at: Bench;
beforeEach(async () => {
  at = bench();
  await at.fit(tinyModel(), { cycles: 2 });
});
const part = { trainer: undefined as never, callback: { name: 'none' } };

/** By function: an option of it, and a call with other options. */
const calls: Record<string, readonly [option: string, run: (options: never) => unknown]> = {
  evaluate: [
    'rival',
    async (options) => (await loadMembers(tf, at.blobs)).evaluate(at.data.xs, at.data.ys, options),
  ],
  generateSnapshotCallbacks: ['bestStore', (options) => generateSnapshotCallbacks(tf, options)],
  'generateSnapshotCallbacks, best': [
    'metric',
    (best) => generateSnapshotCallbacks(tf, { best, store: at.blobs, bestStore: at.blobs }),
  ],
  loadMembers: ['last', (selection) => loadMembers(tf, at.blobs, selection)],
  predict: [
    'batchSize',
    async (options) => (await loadMembers(tf, at.blobs)).predict(at.data.xs, options),
  ],
  predictMembers: [
    'batchSize',
    async (options) => (await loadMembers(tf, at.blobs)).predictMembers(at.data.xs, options),
  ],
  snapshotEnsembleCallback: ['lrInit', (options) => snapshotEnsembleCallback(tf, options)],
  'snapshotEnsembleCallback, ensembleOptions': [
    'dirpath',
    (ensembleOptions) => snapshotEnsembleCallback(tf, { ensembleOptions }),
  ],
  tfjsTrainer: ['batchNormData', (options) => tfjsTrainer(tf, tinyModel(), undefined, options)],
  toTfjsCallback: ['firstStep', (options) => toTfjsCallback(tf, { name: 'none' }, options)],
  trainSteps: ['totalSteps', (options) => trainSteps(tf, part, options)],
};

/** A misspelt key would otherwise be a default in silence. */
it.each(Object.entries(calls))('%s refuses an option that it does not have', async (_, call) => {
  const [option, run] = call;
  const misspelt = { [`${option}s`]: 1 } as never;
  await expect(Promise.resolve(misspelt).then(run)).rejects.toThrow(`Did you mean "${option}"?`);
});

describe('an option that does not exist is refused, with the nearest that does', () => {
  const begin = (options: object) => (): unknown => snapshotEnsembleCallback(tf, options);
  it.each<[string, () => unknown, string]>([
    ['cycle', begin({ cycle: 3 }), 'there is no option "cycle". Did you mean "cycles"?'],
    ['etaMin', begin({ etaMin: 0 }), 'there is no option "etaMin". Did you mean "lrMin"?'],
    [
      'numSnapshots',
      begin({ numSnapshots: 3 }),
      '"numSnapshots" belongs in ensembleOptions: { numSnapshots: … }.',
    ],
    [
      'dirPath',
      begin({ ensembleOptions: { dirPath: 'x' } }),
      'ensembleOptions: there is no option "dirPath". Did you mean "dirpath"?',
    ],
    [
      'cycles and cycleLength',
      begin({ cycles: 3, cycleLength: 2 }),
      'cycles makes equal cycles, cycleLength growing ones.',
    ],
    [
      'cycleLengthMultiplier alone',
      begin({ cycleLengthMultiplier: 2 }),
      'cycleLengthMultiplier needs cycleLength',
    ],
    [
      'planOf and lrInit',
      begin({ planOf: () => undefined, lrInit: 1 }),
      'planOf makes the whole plan, so "lrInit" would have no effect. Leave one of them out.',
    ],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message);
  });

  it('but not those of the Python preset', () => {
    expect(() =>
      snapshotEnsembleCallback(tf, { ...pythonDefaults, store: at.blobs }),
    ).not.toThrow();
  });
});
