import {
  runTraining,
  type Metrics,
  type NamedTensor,
  type SteppedTrainer,
  type TrainingCallback,
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
}

/** Trains a network in place by stochastic gradient descent with momentum, calling the callback as the protocol says. */
export async function train(network: Network, options: TrainOptions): Promise<void> {
  const { data, epochs, batchSize, callback, firstStep = 0, momentum = 0.9 } = options;
  const state: State = {
    network,
    velocity: zerosLike(network),
    lossSum: new Float64Array(1),
    learningRate: 0.1,
  };
  const gradient = zerosLike(network);
  const perEpoch = stepsPerEpoch(data, batchSize);
  const orderOf = (epoch: number): Uint32Array =>
    shuffledRows(data.labels.length, options.seed, epoch);
  let order = orderOf(Math.floor(firstStep / perEpoch));
  await runTraining(trainerOf(state), callback, {
    totalSteps: epochs * perEpoch,
    stepsPerEpoch: perEpoch,
    firstStep,
    step({ step, epoch }) {
      const first = (step % perEpoch) * batchSize;
      if (first === 0) {
        order = orderOf(epoch);
        state.lossSum[0] = 0;
      }
      const batch = rowsOf(data, order.subarray(first, first + batchSize));
      const loss = backward(network, batch.rows, batch.labels, gradient);
      momentumStep(network, gradient, state.velocity, state.learningRate, momentum);
      state.lossSum[0]! += loss;
      return () => ({ loss });
    },
    evaluate: () => ({ loss: state.lossSum[0]! / perEpoch, ...options.validate?.() }),
  });
}

function trainerOf(state: State): SteppedTrainer {
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
      streamOf([...tensorsOf(velocity, 'velocity/'), { ...lossSumSpec, data: lossSum.slice() }]),
    async writeOptimizer(tensors) {
      const all = await collect(tensors);
      writeTensors(velocity, all.slice(0, -1));
      const last = all.at(-1);
      if (last?.dtype !== 'float64') throw new TypeError('The optimizer state lacks its loss sum.');
      lossSum.set(last.data);
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
  };
}

const lossSumSpec = { name: 'epoch/loss-sum', dtype: 'float64', shape: [1] } as const;

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
