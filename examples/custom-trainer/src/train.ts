import type {
  Metrics,
  NamedTensor,
  Progress,
  Trainer,
  TrainingCallback,
} from '@snapshot-ensemble/snapshot-core';
import { momentumStep } from './momentum.ts';
import { specsOf, tensorsOf, writeTensors } from './network-tensors.ts';
import { backward, zerosLike, type Network } from './network.ts';
import { gaussian, shuffledRows } from './random.ts';

export interface TrainingData {
  /** `[count, features]`, row-major. */
  readonly rows: Float32Array;
  /** `[count]`. */
  readonly labels: Uint8Array;
}

export interface TrainOptions {
  readonly data: TrainingData;
  readonly epochs: number;
  readonly batchSize: number;
  /** Of the shuffling. */
  readonly seed: number;
  readonly callback: TrainingCallback;
  /** Where a resumed run begins. Default 0. */
  readonly firstStep?: number;
  readonly momentum?: number;
  /** Metrics to add at the end of each epoch. */
  readonly validate?: () => Metrics;
}

/** Steps of one epoch; rows that do not fill a batch are left out. */
export function stepsPerEpoch({ labels }: TrainingData, batchSize: number): number {
  return Math.floor(labels.length / batchSize);
}

/** All that changes from step to step. */
interface State {
  readonly network: Network;
  readonly velocity: Network;
  /** Sum of the losses of the epoch so far. */
  readonly lossSum: Float64Array;
  learningRate: number;
  isStopped: boolean;
}

/** Trains a network in place by stochastic gradient descent with momentum, calling the callback as the protocol says. */
export async function train(network: Network, options: TrainOptions): Promise<void> {
  const { data, epochs, batchSize, callback, firstStep = 0, momentum = 0.9 } = options;
  const state: State = {
    network,
    velocity: zerosLike(network),
    lossSum: new Float64Array(1),
    learningRate: 0.1,
    isStopped: false,
  };
  const trainer = trainerOf(state);
  const gradient = zerosLike(network);
  const perEpoch = stepsPerEpoch(data, batchSize);
  const totalSteps = epochs * perEpoch;
  const at = (step: number): Progress => ({
    step,
    epoch: Math.floor(step / perEpoch),
    totalSteps,
    stepsPerEpoch: perEpoch,
  });

  let step = firstStep;
  const run = async (): Promise<void> => {
    await callback.onTrainBegin?.(at(firstStep), trainer);
    let order = shuffledRows(data.labels.length, options.seed, at(step).epoch);
    while (step < totalSteps && !state.isStopped) {
      const progress = at(step);
      await callback.onStepBegin?.(progress, trainer);
      if (step % perEpoch === 0) {
        order = shuffledRows(data.labels.length, options.seed, progress.epoch);
      }
      const first = (step % perEpoch) * batchSize;
      const batch = rowsOf(data, order.subarray(first, first + batchSize));
      const loss = backward(network, batch.rows, batch.labels, gradient);
      momentumStep(network, gradient, state.velocity, state.learningRate, momentum);
      state.lossSum[0]! += loss;
      step += 1;
      await callback.onStepEnd?.(
        { ...progress, readMetrics: () => Promise.resolve({ loss }) },
        trainer,
      );
      if (step % perEpoch !== 0) continue;
      const metrics = { loss: state.lossSum[0]! / perEpoch, ...options.validate?.() };
      state.lossSum[0] = 0;
      await callback.onEpochEnd?.({ ...progress, metrics }, trainer);
    }
    const outcome = step < totalSteps ? 'stopped' : 'finished';
    await callback.onTrainEnd?.({ ...at(step), outcome }, trainer);
  };

  try {
    await run();
  } catch (error) {
    await tellOfFailure(callback, at(step), trainer);
    throw error;
  }
}

/** What fails on the way out must not hide the error that ended the training. */
async function tellOfFailure(
  callback: TrainingCallback,
  at: Progress,
  trainer: Trainer,
): Promise<void> {
  try {
    await callback.onTrainEnd?.({ ...at, outcome: 'failed' }, trainer);
  } catch {
    // The caller gets the first error.
  }
}

function trainerOf(state: State): Trainer {
  const { network, velocity, lossSum } = state;
  return {
    model: {
      format: 'dense-relu',
      topology: network.map(({ inputs, outputs }) => ({ inputs, outputs })),
      weights: specsOf(network),
    },
    setLearningRate(learningRate) {
      state.learningRate = learningRate;
    },
    readWeights: () => streamOf(tensorsOf(network)),
    async writeWeights(weights) {
      writeTensors(network, await collect(weights));
    },
    readOptimizer: () =>
      streamOf([...tensorsOf(velocity, 'velocity/'), { ...lossSumSpec, data: bitsOf(lossSum) }]),
    async writeOptimizer(tensors) {
      const all = await collect(tensors);
      writeTensors(velocity, all.slice(0, -1));
      const last = all.at(-1);
      if (last?.dtype !== 'int64') throw new TypeError('The optimizer state lacks its loss sum.');
      lossSum.set(new Float64Array(last.data.slice().buffer));
    },
    perturbWeights(standardDeviation, seed) {
      const next = gaussian(seed);
      for (const { kernel, bias } of network) {
        for (const values of [kernel, bias]) {
          for (let index = 0; index < values.length; index += 1) {
            values[index]! += standardDeviation * next();
          }
        }
      }
    },
    stop() {
      state.isStopped = true;
    },
  };
}

/** The sum as the bits of a float64, which safetensors files of ours do not have. */
const lossSumSpec = { name: 'epoch/loss-sum-bits', dtype: 'int64', shape: [1] } as const;

function bitsOf(values: Float64Array): BigInt64Array {
  return new BigInt64Array(values.slice().buffer);
}

function rowsOf({ rows, labels }: TrainingData, picked: Uint32Array): TrainingData {
  const features = rows.length / labels.length;
  const batch = {
    rows: new Float32Array(picked.length * features),
    labels: new Uint8Array(picked.length),
  };
  for (const [index, row] of picked.entries()) {
    batch.rows.set(rows.subarray(row * features, (row + 1) * features), index * features);
    batch.labels[index] = labels[row]!;
  }
  return batch;
}

async function collect(tensors: AsyncIterable<NamedTensor>): Promise<NamedTensor[]> {
  const all: NamedTensor[] = [];
  for await (const tensor of tensors) all.push(tensor);
  return all;
}

// eslint-disable-next-line @typescript-eslint/require-await -- the protocol reads weights as a stream
async function* streamOf(tensors: readonly NamedTensor[]): AsyncGenerator<NamedTensor> {
  yield* tensors;
}
