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

/** Images of 4 × 4 pixels to three classes. */
const pixelTopology = {
  class_name: 'Sequential',
  config: {
    name: 'pixels',
    layers: [
      {
        class_name: 'Flatten',
        config: { name: 'flat', batch_input_shape: [null, 4, 4, 1], dtype: 'float32' },
      },
      {
        class_name: 'Dense',
        config: { name: 'dense', units: 3, activation: 'softmax', use_bias: true },
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
const pixelModel: ModelDescription = {
  ...model,
  topology: pixelTopology,
  weights: [{ name: 'dense/kernel', dtype: 'float32', shape: [16, 3] }, model.weights[1]!],
};

/** A finished run of three members in the folder, made by the store itself. */
export async function writeExampleStore(
  folder: string,
  { pixels = false, activation = 'softmax' } = {},
): Promise<void> {
  const store = createSnapshotStore(fileBlobs(folder), { versions: { example: '1.0.0' } });
  const { topology: softmax, ...rest } = pixels ? pixelModel : model;
  const text = JSON.stringify(softmax).replace('"softmax"', JSON.stringify(activation));
  const topology = JSON.parse(text) as object;
  const begun = await store.begin({ ...run, model: { ...rest, topology } });
  for (const { index, end } of plan.cycles)
    await begun.save(
      {
        cycle: index,
        step: end,
        learningRate: schedule(end - 1),
        metrics: { loss: 0.5 / (index + 1), val_acc: 0.9 + index / 100 },
      },
      weights(index, pixels ? pixelModel : model),
    );
  await begun.end();
}

async function* weights(
  member: number,
  { weights: specs }: ModelDescription,
): AsyncGenerator<NamedTensor> {
  const [kernel, bias] = specs;
  const values = (length: number): Float32Array =>
    Float32Array.from({ length }, (_, index) => Math.sin(1 + index + 10 * member));
  yield { ...kernel!, dtype: 'float32', data: values(kernel!.shape[0]! * 3) };
  yield await Promise.resolve({ ...bias!, dtype: 'float32' as const, data: values(3) });
}
