import { beforeAll, describe, expect, it } from 'vitest';

import { tinyModel, useBackend } from '../test/tiny.ts';
import { generateSnapshotCallbacks } from './generate-snapshot-callbacks.ts';
import { loadMembers } from './load-members.ts';
import { snapshotEnsembleCallback } from './snapshot-ensemble-callback.ts';
import { toTfjsCallback } from './to-tfjs-callback.ts';
import { tfjsTrainer } from './trainer.ts';
import type { Tf } from './tf.ts';

beforeAll(useBackend);

describe('a call that leaves out tfjs says so', () => {
  const noTf = { cycles: 3 } as unknown as Tf;
  it.each<[string, () => unknown]>([
    ['snapshotEnsembleCallback', () => snapshotEnsembleCallback(noTf)],
    ['generateSnapshotCallbacks', () => generateSnapshotCallbacks(noTf)],
    ['toTfjsCallback', () => toTfjsCallback(noTf, { name: 'none' })],
    ['tfjsTrainer', () => tfjsTrainer(noTf, tinyModel())],
  ])('%s', (name, call) => {
    expect(call).toThrow(
      `${name}: the first argument must be the TensorFlow.js module, got an object with cycles.`,
    );
  });

  it('loadMembers', async () => {
    const call = loadMembers as unknown as (...given: unknown[]) => Promise<unknown>;
    await expect(call('Ensemble')).rejects.toThrow('the TensorFlow.js module, got Ensemble');
    await expect(call(undefined)).rejects.toThrow(TypeError);
  });
});
