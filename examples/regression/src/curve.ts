import { loadMembers, snapshotEnsembleCallback } from '@snapshot-ensemble/adapter-tfjs';
import { memoryBlobs } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';

const quiet = { verbose: 0 } as const;

export interface CurvePoint {
  readonly x: number;
  readonly truth: number;
  /** Mean of the members and, two standard deviations around it, where they disagree. */
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly deviation: number;
}

export interface CurveResult {
  readonly points: readonly CurvePoint[];
  readonly data: readonly { readonly x: number; readonly y: number }[];
  readonly members: number;
}

const truthAt = (x: number): number => Math.sin(3 * x) + x / 2;

/** Noisy points of a curve on [−1.5, 0] and [1, 1.5], in mixed order; between them there are none. */
function noisyPoints(count: number): { x: number; y: number }[] {
  const noise = tf.randomNormal([count], 0, 0.1, 'float32', 1).dataSync();
  return Array.from({ length: count }, (_, index) => {
    // A stride without a common divisor visits each point once, in an order that every run repeats.
    const share = ((index * 37) % count) / (count - 1);
    const x = share < 0.75 ? -1.5 + 2 * share : 1 + 2 * (share - 0.75);
    return { x, y: truthAt(x) + noise[index]! };
  });
}

function network(): tf.Sequential {
  const dense = (units: number, seed: number, more: object): tf.layers.Layer =>
    tf.layers.dense({ units, kernelInitializer: tf.initializers.heNormal({ seed }), ...more });
  const model = tf.sequential({
    layers: [
      dense(32, 1, {
        inputShape: [1],
        activation: 'relu',
        biasInitializer: tf.initializers.randomUniform({ minval: -1, maxval: 1, seed: 4 }),
      }),
      dense(32, 2, { activation: 'tanh' }),
      dense(1, 3, {}),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.05), loss: 'meanSquaredError' });
  return model;
}

/** Trains one network in cycles and asks its members for the curve on [−2, 2], beyond the data too. */
export async function fitCurve(epochs = 240, cycles = 8): Promise<CurveResult> {
  const data = noisyPoints(96);
  const store = memoryBlobs();
  await network().fit(
    tf.tensor2d(data.map(({ x }) => [x])),
    tf.tensor2d(data.map(({ y }) => [y])),
    {
      epochs,
      batchSize: 32,
      shuffle: false,
      ...quiet,
      callbacks: snapshotEnsembleCallback(tf, { cycles, store }),
    },
  );
  // The first two cycles are still finding the valley.
  const ensemble = await loadMembers(tf, store, { last: cycles - 2 });
  const xs = Array.from({ length: 81 }, (_, index) => -2 + index / 20);
  const outputs = (await ensemble.predictMembers(tf.tensor2d(xs.map((x) => [x])))) as tf.Tensor3D;
  const { mean, variance } = tf.moments(outputs, 0);
  const [means, variances] = [mean.dataSync(), variance.dataSync()];
  const points = xs.map((x, index) => {
    const deviation = Math.sqrt(variances[index]!);
    const [low, high] = [means[index]! - 2 * deviation, means[index]! + 2 * deviation];
    return { x, truth: truthAt(x), mean: means[index]!, low, high, deviation };
  });
  return { points, data, members: ensemble.members.length };
}
