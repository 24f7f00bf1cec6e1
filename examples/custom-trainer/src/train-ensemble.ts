import { loadMnist, sliceDataset } from '@snapshot-ensemble/datasets';
import { accuracy, combine, nll, type Outputs } from '@snapshot-ensemble/ensemble-math';
import { anneal, equalCycles } from '@snapshot-ensemble/schedules';
import {
  chain,
  followSchedule,
  takeSnapshots,
  type NamedTensor,
  type SnapshotStore,
} from '@snapshot-ensemble/snapshot-core';
import { writeTensors } from './network-tensors.ts';
import { createNetwork, forward, softmax, type Network } from './network.ts';
import { stepsPerEpoch, train } from './train.ts';

export interface TrainEnsembleOptions {
  readonly store: SnapshotStore;
  /** Images to train on, at most 60,000. */
  readonly images: number;
  readonly epochs: number;
  readonly cycles: number;
  readonly seed: number;
}

export interface Scores {
  readonly accuracy: number;
  readonly nll: number;
}

export interface EnsembleScores {
  /** Of each member, on MNIST's test images. */
  readonly members: readonly Scores[];
  readonly ensemble: Scores;
}

const batchSize = 64;
const classes = 10;
const sizes = [784, 32, classes];

/** Trains a snapshot ensemble on MNIST with nothing but the code of this folder, and scores it. */
export async function trainEnsemble(options: TrainEnsembleOptions): Promise<EnsembleScores> {
  const { store, images, epochs, cycles, seed } = options;
  const dataset = sliceDataset(await loadMnist('train'), 0, images);
  const data = { rows: dataset.images, labels: dataset.labels };
  const plan = equalCycles({ totalSteps: epochs * stepsPerEpoch(data, batchSize), cycles });
  const schedule = anneal(plan, { lrInit: 0.1 });
  const callback = chain(followSchedule(schedule), takeSnapshots(plan, store, { schedule }));
  await train(createNetwork(sizes, seed), { data, epochs, batchSize, seed, callback });
  return score(store);
}

async function score(store: SnapshotStore): Promise<EnsembleScores> {
  const { images, labels, count } = await loadMnist('test');
  const members: Float32Array[] = [];
  for (const { id } of (await store.readManifest())?.members ?? []) {
    const network = await loadNetwork(store, id);
    members.push(softmax(forward(network, images, count).at(-1)!, classes));
  }
  const scoresOf = (outputs: Outputs): Scores => ({
    accuracy: accuracy(outputs, labels),
    nll: nll(outputs, labels),
  });
  const shape = { rows: count, classes };
  return {
    members: members.map((data) => scoresOf({ data, ...shape })),
    ensemble: scoresOf(
      combine({ members, ...shape }, 'meanProbabilities', { kind: 'probabilities' }),
    ),
  };
}

async function loadNetwork(store: SnapshotStore, id: string): Promise<Network> {
  const tensors: NamedTensor[] = [];
  for await (const tensor of store.readMember(id)) tensors.push(tensor);
  const network = createNetwork(sizes, 0);
  writeTensors(network, tensors);
  return network;
}
