import {
  loadMembers,
  pythonDefaults,
  snapshotEnsembleCallback,
} from '@snapshot-ensemble/adapter-tfjs';
import { memoryBlobs } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { type Split, splitIrises } from './data.ts';

const quiet = { verbose: 0 } as const;

export interface IrisScores {
  /** Accuracy and negative log-likelihood (nats) on the 50 held-out flowers. */
  readonly accuracy: number;
  readonly nll: number;
}

export interface IrisResult {
  readonly seed: number;
  readonly single: IrisScores;
  readonly ensemble: IrisScores;
  readonly members: number;
  /** Whether the ensemble is worth it, by errors. */
  readonly verdict: string;
}

/** The notebook's network: 4 – 6 – 6 – 3, compiled with Adam at its default rate. */
function network(seed: number): tf.Sequential {
  const dense = (units: number, index: number, more: object): tf.layers.Layer =>
    tf.layers.dense({
      units,
      kernelInitializer: tf.initializers.glorotUniform({ seed: seed * 3 + index }),
      ...more,
    });
  const model = tf.sequential({
    layers: [
      dense(6, 1, { inputShape: [4], activation: 'tanh' }),
      dense(6, 2, { activation: 'tanh' }),
      dense(3, 3, { activation: 'softmax' }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(), loss: 'categoricalCrossentropy' });
  return model;
}

/** Trains one model and one snapshot ensemble of the same budget and judges both on flowers that neither has seen. */
export async function compareOnIris(seed: number, epochs = 250): Promise<IrisResult> {
  const { train, heldOut } = splitIrises(seed);
  const fit = (model: tf.LayersModel, callbacks?: tf.Callback): Promise<unknown> =>
    model.fit(train.xs, train.ys, {
      epochs,
      batchSize: 50,
      ...quiet,
      ...(callbacks && { callbacks }),
    });

  const single = network(seed);
  await fit(single);

  const store = memoryBlobs();
  // The Python library's defaults: cycles of 10, 15, 22.5 … epochs, from 0.01.
  await fit(network(seed), snapshotEnsembleCallback(tf, { ...pythonDefaults, store }));
  const ensemble = await loadMembers(tf, store);
  const evaluation = await ensemble.evaluate(heldOut.xs, heldOut.ys, {
    rival: single.predict(heldOut.xs),
  });
  const { accuracy, nll } = evaluation.ensemble;
  return {
    seed,
    single: scoresOf(single, heldOut),
    ensemble: { accuracy: accuracy!, nll: nll! },
    members: ensemble.members.length,
    verdict: evaluation.verdicts[0]!.text,
  };
}

function scoresOf(model: tf.LayersModel, { xs, ys }: Split): IrisScores {
  return tf.tidy(() => {
    const probabilities = model.predict(xs) as tf.Tensor2D;
    const hits = probabilities.argMax(1).equal(ys.argMax(1)).mean();
    const own = probabilities.mul(ys).sum(1).clipByValue(1e-7, 1).log().neg().mean();
    return { accuracy: hits.dataSync()[0]!, nll: own.dataSync()[0]! };
  });
}
