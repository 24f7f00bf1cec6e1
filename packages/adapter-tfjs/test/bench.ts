import { memoryBlobs } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';

import { asSnapshotStore } from '../src/member-artifacts.ts';
import {
  snapshotEnsembleCallback,
  type SnapshotEnsembleOptions,
} from '../src/snapshot-ensemble-callback.ts';
import { clusters, silent } from './tiny.ts';

/** Thirty rows and an empty store to fit with. */
export interface Bench {
  readonly data: ReturnType<typeof clusters>;
  readonly blobs: ReturnType<typeof memoryBlobs>;
  /** Four epochs of three steps under the front door, unless `args` say otherwise. */
  fit(
    model: tf.LayersModel,
    options: SnapshotEnsembleOptions,
    args?: tf.ModelFitArgs,
  ): Promise<unknown>;
  /** Steps of the members in the store. */
  storedSteps(): Promise<number[]>;
}

export function bench(): Bench {
  const data = clusters(30);
  const blobs = memoryBlobs();
  return {
    data,
    blobs,
    fit: (model, options, args = {}) =>
      model.fit(data.xs, data.ys, {
        ...{ epochs: 4, batchSize: 10, ...silent, shuffle: false },
        ...args,
        callbacks: snapshotEnsembleCallback(tf, { store: blobs, ...options }),
      }),
    storedSteps: async () =>
      (await asSnapshotStore(blobs).readManifest())!.members.map(({ step }) => step),
  };
}
