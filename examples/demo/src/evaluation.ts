import { loadMembers, memberIOHandler } from '@snapshot-ensemble/adapter-tfjs';
import {
  energy,
  type Outputs,
  type Predictions,
  softmax,
  uncertainty,
  unstack,
} from '@snapshot-ensemble/ensemble-math';
import type * as tfjs from '@tensorflow/tfjs';
import { LOGITS } from './model.ts';
import type { TrainedRun } from './training.ts';

/** Rows that go through a model at once. */
const BATCH_ROWS = 500;

/** What every member of a run says about the images, `[members, rows, 10]`. */
export async function predictMembers(
  tf: typeof tfjs,
  { store }: TrainedRun,
  images: tfjs.Tensor4D,
): Promise<Predictions> {
  const ensemble = await loadMembers(tf, store);
  const stacked = (await ensemble.predictMembers(images, {
    batchSize: BATCH_ROWS,
  })) as tfjs.Tensor3D;
  const [members, rows, classes] = stacked.shape;
  const data = (await stacked.data()) as Float32Array;
  stacked.dispose();
  ensemble.dispose();
  return unstack(data, { members, rows, classes });
}

/** What the single model says about images, and how unsure it is by each score that one model has. */
export interface SinglePrediction {
  readonly outputs: Outputs;
  /** The larger, the less sure. */
  readonly scores: Readonly<Record<'largest probability' | 'entropy' | 'energy', Float64Array>>;
}

/** The single model's predictions about each set of images. */
export async function predictSingle(
  tf: typeof tfjs,
  { store }: TrainedRun,
  sets: readonly tfjs.Tensor4D[],
): Promise<readonly SinglePrediction[]> {
  const { members = [] } = (await store.readManifest()) ?? {};
  const model = await tf.loadLayersModel(memberIOHandler(store, members.at(-1)!.id));
  const toLogits = tf.model({
    inputs: model.inputs,
    outputs: model.getLayer(LOGITS).output,
  });
  const predictions = [];
  for (const images of sets) {
    const logits = toLogits.predict(images, { batchSize: BATCH_ROWS }) as tfjs.Tensor2D;
    const [rows, classes] = logits.shape;
    predictions.push(
      singlePrediction({ data: (await logits.data()) as Float32Array, rows, classes }),
    );
    logits.dispose();
  }
  model.dispose();
  return predictions;
}

function singlePrediction(logits: Outputs): SinglePrediction {
  const { rows, classes } = logits;
  const outputs = softmax(logits);
  const alone = (data: Outputs['data']): Predictions => ({ members: [data], rows, classes });
  return {
    outputs,
    scores: {
      'largest probability': Float64Array.from(
        { length: rows },
        (_, row) => -Math.max(...outputs.data.subarray(row * classes, (row + 1) * classes)),
      ),
      entropy: uncertainty(alone(outputs.data), { kind: 'probabilities' }).predictiveEntropy,
      energy: energy(alone(logits.data)),
    },
  };
}
