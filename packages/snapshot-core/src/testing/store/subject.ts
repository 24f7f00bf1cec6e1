import type { MemberDescription, RunDescription, SnapshotStore } from '../../snapshot-store.ts';
import type { NamedTensor, TensorSpec } from '../../tensor.ts';
import { everyDtype, fingerprint, readTensors, tensorStream, weightsFrom } from '../tensors.ts';

/** Opens a store on the data at hand; every call returns a new object on the same data. */
export type OpenStore = () => SnapshotStore;

export const specs: readonly TensorSpec[] = everyDtype();
export const run: RunDescription = {
  model: { format: 'test', topology: { layers: ['a', 'b'] }, weights: specs },
  plan: {
    totalSteps: 7,
    cycles: [
      { index: 0, start: 0, end: 3 },
      { index: 1, start: 3, end: 7 },
    ],
  },
  schedule: [
    { start: 0, end: 3, lrMax: 0.1, lrEnd: 0.01 },
    { start: 3, end: 7, lrMax: 0.1, lrEnd: 0.01 },
  ],
};
export const first: MemberDescription = {
  cycle: 0,
  step: 3,
  learningRate: 0.01,
  metrics: { loss: 1.5, acc: 0.25 },
};
export const second: MemberDescription = {
  cycle: 1,
  step: 7,
  learningRate: 0.02,
  metrics: { loss: Number.NaN },
};

export const weights = (seed: number): AsyncIterable<NamedTensor> =>
  tensorStream(weightsFrom(specs, seed));
export const seen = async (tensors: AsyncIterable<NamedTensor>): Promise<string> =>
  fingerprint(await readTensors(tensors));
/** Looks at each tensor before it asks for the next. */
export const seenOneByOne = async (tensors: AsyncIterable<NamedTensor>): Promise<string> => {
  const lines: string[] = [];
  for await (const tensor of tensors) lines.push(fingerprint([tensor]));
  return lines.join('\n');
};
export const expected = (seed: number): string => fingerprint(weightsFrom(specs, seed));

export async function* broken(): AsyncGenerator<NamedTensor> {
  for await (const tensor of weights(9)) {
    if (tensor.dtype === 'int64') throw new Error('the device was lost');
    yield tensor;
  }
}

/** Begins a run and saves both members. */
export async function finished(open: OpenStore): Promise<SnapshotStore> {
  const store = open();
  const begun = await store.begin(run);
  await begun.save(first, weights(1));
  await begun.save(second, weights(2));
  await begun.end();
  return store;
}

/** Cases by name. */
export type StoreCases = Readonly<Record<string, (open: OpenStore) => Promise<void>>>;
