import {
  createSnapshotStore,
  type ModelDescription,
  type NamedTensor,
  type RunDescription,
} from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import { anneal, describe, equalCycles } from '@snapshot-ensemble/schedules';

/** Two features to three classes: the model JSON that tfjs writes for one dense layer. */
const topology = {
  class_name: 'Sequential',
  config: {
    name: 'tiny',
    layers: [
      {
        class_name: 'Dense',
        config: {
          name: 'dense',
          units: 3,
          activation: 'softmax',
          use_bias: true,
          batch_input_shape: [null, 2],
          dtype: 'float32',
        },
      },
    ],
  },
};

const model: ModelDescription = {
  format: 'tfjs-layers-model',
  topology,
  weights: [
    { name: 'dense/kernel', dtype: 'float32', shape: [2, 3] },
    { name: 'dense/bias', dtype: 'float32', shape: [3] },
  ],
};

const plan = equalCycles({ totalSteps: 300, cycles: 3 });
const schedule = anneal(plan, { lrInit: 0.1 });
const run: RunDescription = { model, plan, schedule: describe(plan, schedule) };

/** A finished run of three members in the folder, made by the store itself. */
export async function writeExampleStore(folder: string): Promise<void> {
  const store = createSnapshotStore(fileBlobs(folder), { versions: { example: '1.0.0' } });
  const begun = await store.begin(run);
  for (const { index, end } of plan.cycles)
    await begun.save(
      {
        cycle: index,
        step: end,
        learningRate: schedule(end - 1),
        metrics: { loss: 0.5 / (index + 1), val_acc: 0.9 + index / 100 },
      },
      weights(index),
    );
  await begun.end();
}

async function* weights(member: number): AsyncGenerator<NamedTensor> {
  const [kernel, bias] = model.weights;
  const values = (length: number): Float32Array =>
    Float32Array.from({ length }, (_, index) => Math.sin(1 + index + 10 * member));
  yield { ...kernel!, dtype: 'float32', data: values(6) };
  yield await Promise.resolve({ ...bias!, dtype: 'float32' as const, data: values(3) });
}
