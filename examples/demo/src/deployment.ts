import { join } from 'node:path';
import type { ImageDataset } from '@snapshot-ensemble/datasets';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import {
  type EnsemblePolicy,
  type Predictions,
  predictWithPolicy,
} from '@snapshot-ensemble/ensemble-math';
import { type Ensemble, loadEnsemble } from '@snapshot-ensemble/ensemble-runtime';
import { exportEnsemble, type HostTensor, type HostTensors } from '@snapshot-ensemble/export-onnx';
import type { Data } from './data.ts';
import type { TrainedRun } from './training.ts';

/** ONNX and tfjs may differ by so much in a probability; they add in another order. */
const TOLERANCE = 1e-5;

/** Rows of the request that the bundle carries to be checked by. */
const SMOKE_ROWS = 2;

/** Rows that go through the graph at once. */
const BATCH_ROWS = 500;

/** Writes all members and their mean into one ONNX bundle, with a smoke test; returns its folder. */
export async function exportBundle(
  out: string,
  run: TrainedRun,
  data: Data,
  onTest: Predictions,
  policy: EnsemblePolicy,
): Promise<string> {
  const folder = join(out, 'bundle');
  await exportEnsemble(run.store, bundleDirectory(folder), {
    name: 'fashion',
    policy,
    labels: { garment: data.test.classNames },
    smoke: {
      inputs: { image: firstImages(data.test, SMOKE_ROWS) },
      // What the members said in tfjs, never the graph itself.
      predictMembers: () => firstAnswers(onTest, SMOKE_ROWS),
    },
  });
  return folder;
}

/** A request for the bundle's smoke test, which `snapshot-ensemble verify` replays. */
function firstImages({ images, height, width }: ImageDataset, count: number): HostTensor {
  return { data: images.slice(0, count * height * width), shape: [count, height, width, 1] };
}

function firstAnswers({ members, classes }: Predictions, rows: number): readonly HostTensors[] {
  return members.map((values) => ({
    garment: { data: Float32Array.from(values.slice(0, rows * classes)), shape: [rows, classes] },
  }));
}

/** Opens the bundle on onnxruntime, in a thread of its own. */
export function openBundle(folder: string): Promise<Ensemble> {
  return loadEnsemble(folder, { batching: { maxRows: BATCH_ROWS } });
}

/**
 * Runs the test images through the bundle; returns the largest difference to what tfjs said. Throws an Error above
 * 1e-5.
 */
export async function checkParity(
  ensemble: Ensemble,
  { test }: Data,
  members: Predictions,
  policy: EnsemblePolicy,
): Promise<number> {
  const [prediction] = ensemble.manifest.outputs;
  const { outputs: expected } = predictWithPolicy(policy, members);
  const pixels = test.height * test.width;
  let largest = 0;
  for (let start = 0; start < test.count; start += BATCH_ROWS) {
    const end = Math.min(start + BATCH_ROWS, test.count);
    const { outputs } = await ensemble.predict(test.images.subarray(start * pixels, end * pixels));
    const { data } = outputs[prediction!.name]!;
    for (const [index, value] of data.entries()) {
      const difference = Math.abs(Number(value) - expected.data[start * expected.classes + index]!);
      // Not Math.max: a NaN must not get lost.
      if (!(difference <= largest)) largest = difference;
    }
  }
  if (largest <= TOLERANCE) return largest;
  throw new Error(
    `The bundle and tfjs differ by ${largest}, allowed is ${TOLERANCE}. The export is wrong: keep the out folder and report it.`,
  );
}
