import { memoryBundle, type BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import {
  createSnapshotStore,
  type BlobStore,
  type ModelArtifacts,
  type NamedTensor,
  type SnapshotStore,
} from '@snapshot-ensemble/snapshot-core';
import type { ExportEnsembleOptions, ExportedEnsemble } from '../src/index.ts';
import type { HostTensors } from '../src/parity/compare.ts';
import { exportEnsemble } from './checked-export.ts';
import { runOnnx } from './run-onnx.ts';
import { artifactsOf, type tf } from './tfjs.ts';

/** The mean of so many members. */
export const mean = (kind: EnsemblePolicy['kind'], count: number): EnsemblePolicy => ({
  kind,
  combine: kind === 'regression' ? 'mean' : 'meanProbabilities',
  members: Array.from({ length: count }, (_, index) => index),
  weights: Array.from({ length: count }, () => 1 / count),
  temperature: 1,
});

/** A bundle in memory. */
export interface MadeBundle extends ExportedEnsemble {
  readonly bundle: ReturnType<typeof memoryBundle>;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export async function bundleOf(
  models: readonly tf.LayersModel[],
  options: ExportEnsembleOptions,
): Promise<MadeBundle> {
  const bundle = memoryBundle();
  const artifacts = await Promise.all(models.map(artifactsOf));
  const exported = await exportEnsemble(artifacts, bundle, options);
  return { ...exported, bundle, files: bundle.files };
}

/** Runs the stages as a runtime does, every row to the end: what each gives. */
export async function runStages(
  { stages = [] }: BundleManifest,
  files: ReadonlyMap<string, Uint8Array>,
  inputs: HostTensors,
): Promise<readonly HostTensors[]> {
  const results: HostTensors[] = [];
  for (const { file, state } of stages) {
    const before = results.at(-1) ?? {};
    const taken = Object.fromEntries(state.map(({ name }) => [name, before[name]!]));
    results.push(await runOnnx(files.get(file)!, { ...inputs, ...taken }));
  }
  return results;
}

export function largestDifference(
  a: HostTensors[string]['data'],
  b: HostTensors[string]['data'],
): number {
  return Math.max(...Array.from(a, (value, index) => Math.abs(value - b[index]!)));
}

/** A store as a finished run leaves it: a member at the end of each cycle of ten steps. */
export async function storeOf(
  members: readonly ModelArtifacts[],
  blobs: BlobStore,
): Promise<SnapshotStore> {
  const store = createSnapshotStore(blobs);
  const { modelTopology, weightSpecs } = members[0]!;
  const weights = weightSpecs.map(({ name, shape }) => ({
    name,
    shape,
    dtype: 'float32' as const,
  }));
  const cycles = members.map((_, index) => ({ index, start: index * 10, end: index * 10 + 10 }));
  const plan = { totalSteps: members.length * 10, cycles };
  const model = { format: 'tfjs-layers-model', topology: modelTopology, weights };
  const run = await store.begin({ model, plan, schedule: [] });
  for (const { index, end } of cycles) {
    const tensors = tensorsOf(members[index]!);
    await run.save({ cycle: index, step: end, learningRate: 0.1 }, tensors);
  }
  await run.end();
  return store;
}

// eslint-disable-next-line @typescript-eslint/require-await -- an async generator is the shape asked for
async function* tensorsOf({
  weightSpecs,
  weightData,
}: ModelArtifacts): AsyncGenerator<NamedTensor> {
  let offset = 0;
  for (const { name, shape } of weightSpecs) {
    const length = shape.reduce((product, dim) => product * dim, 1);
    const data = new Float32Array(weightData as ArrayBuffer, offset, length);
    offset += data.byteLength;
    yield { name, shape, dtype: 'float32', data };
  }
}
