import type {
  BlobStore,
  ModelArtifacts,
  NamedTensor,
  SnapshotStore,
  WeightSpec,
} from '@snapshot-ensemble/snapshot-core';
import { createSnapshotStore } from '@snapshot-ensemble/snapshot-core';
import { defaultStore } from '@snapshot-ensemble/snapshot-core/default-store';
import type { io } from '@tensorflow/tfjs';

import { indexOfId } from './select-members.ts';

/** A snapshot store, blobs to put one on, or the name of the default one: a folder in Node, an IndexedDB database in a browser. */
export type AnyStore = SnapshotStore | BlobStore | string;

export function asSnapshotStore(store: AnyStore): SnapshotStore {
  if (typeof store === 'string') return defaultStore(store);
  if (typeof store === 'object' && 'readManifest' in store) return store;
  if (typeof store === 'object' && 'list' in store) return createSnapshotStore(store);
  throw new TypeError(
    `Expected a snapshot store, blobs, or the name of a folder (in a browser, of a database); got ${String(store)}.`,
  );
}

/** Returns a stored member as a model: its topology and weights as data. What `export-onnx` takes. */
export async function memberArtifacts(store: AnyStore, id: string): Promise<ModelArtifacts> {
  const snapshots = asSnapshotStore(store);
  indexOfId((await snapshots.readManifest())?.members ?? [], id);
  const { topology, weights } = await snapshots.readModel();
  const weightSpecs = weights.map(
    ({ name, shape, dtype }) => ({ name, shape, dtype }) as WeightSpec,
  );
  const weightData = await packed(snapshots.readMember(id, { reuseData: true }), bytesOf(weights));
  return { modelTopology: topology as object, weightSpecs, weightData };
}

/** A `tf.io` handler for `tf.loadLayersModel`, which then opens the member as a model of its own. */
export function memberIOHandler(store: AnyStore, id: string): io.IOHandler {
  return {
    load: async () => (await memberArtifacts(store, id)) as io.ModelArtifacts,
  };
}

function bytesOf(weights: readonly { shape: readonly number[]; dtype: string }[]): number {
  const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
  return weights.reduce(
    (sum, { shape, dtype }) => sum + size(shape) * (dtype === 'bool' ? 1 : 4),
    0,
  );
}

async function packed(tensors: AsyncIterable<NamedTensor>, bytes: number): Promise<ArrayBuffer> {
  const all = new Uint8Array(bytes);
  let offset = 0;
  for await (const { data } of tensors) {
    all.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return all.buffer;
}
