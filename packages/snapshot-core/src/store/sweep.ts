import type { BlobStore } from '../blob-store.ts';
import type { Manifest, MemberRecord, SnapshotStore } from '../snapshot-store.ts';
import { StoreError } from '../store-error.ts';
import { createSnapshotStore } from './create-snapshot-store.ts';

const MANIFEST_KEY = 'manifest.json';

/**
 * All stores below a folder of a blob store, such as the runs of a sweep, as one store that is only read: its members are those of every
 * run, called `folder/id`, folder by folder, so that one ensemble can be chosen from all. Every run must have trained the same model; its
 * topology is read from the first. Plan, schedule and versions are those of the first run. Throws `StoreError` (`no-manifest` where there
 * is no store, `mismatch` where models differ, and what reading a store throws); its `begin` throws `unsupported`.
 */
export async function openSweep(blobs: BlobStore, folder = ''): Promise<SnapshotStore> {
  const prefix = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
  const runs = await readRuns(blobs, prefix);
  const [first] = runs;
  if (first === undefined)
    throw new StoreError(
      'no-manifest',
      `There is no snapshot store below "${prefix}": nothing there is called ${MANIFEST_KEY}. Name the folder in which the stores of the sweep are.`,
    );
  for (const run of runs) checkSameModel(first, run);
  const places = new Map<string, { readonly run: SweptRun; readonly id: string }>();
  const members: MemberRecord[] = [];
  for (const run of runs)
    for (const member of run.manifest.members) {
      const id = `${run.folder}/${member.id}`;
      places.set(id, { run, id: member.id });
      members.push({ ...member, id, key: `${run.folder}/${member.key}` });
    }
  const manifest: Manifest = {
    ...first.manifest,
    members,
    checkpoint: null,
    completed: runs.every((run) => run.manifest.completed),
  };
  return {
    readManifest: () => Promise.resolve(manifest),
    readModel: () => first.store.readModel(),
    readMember(id, options) {
      const place = places.get(id);
      if (place !== undefined) return place.run.store.readMember(place.id, options);
      throw new StoreError(
        'not-found',
        `The sweep has no member "${id}". It has: ${[...places.keys()].join(', ') || 'none'}.`,
      );
    },
    readCheckpoint: () => Promise.resolve(undefined),
    begin: () =>
      Promise.reject(
        new StoreError('unsupported', 'A sweep is only read. Begin the run in a store of its own.'),
      ),
  };
}

interface SweptRun {
  /** Relative to the sweep's. */
  readonly folder: string;
  readonly store: SnapshotStore;
  readonly manifest: Manifest;
}

async function readRuns(blobs: BlobStore, prefix: string): Promise<readonly SweptRun[]> {
  const folders: string[] = [];
  for await (const { key } of blobs.list(prefix))
    if (key.endsWith(`/${MANIFEST_KEY}`))
      folders.push(key.slice(prefix.length, -MANIFEST_KEY.length - 1));
  const runs: SweptRun[] = [];
  for (const folder of folders.sort()) {
    const store = createSnapshotStore(below(blobs, `${prefix}${folder}/`));
    const manifest = await store.readManifest();
    if (manifest !== undefined) runs.push({ folder, store, manifest });
  }
  return runs;
}

function checkSameModel(first: SweptRun, { folder, manifest }: SweptRun): void {
  const shapes = ({ model }: Manifest): string => JSON.stringify([model.format, model.weights]);
  if (shapes(manifest) === shapes(first.manifest)) return;
  throw new StoreError(
    'mismatch',
    `The store "${folder}" holds another model than "${first.folder}": its weights have other names, shapes or dtypes. One ensemble takes members of one model; move the others elsewhere.`,
  );
}

/** What lies below a prefix, by the rest of its key. */
function below(blobs: BlobStore, prefix: string): BlobStore {
  return {
    read: (key, range, options) => blobs.read(prefix + key, range, options),
    write: (key, chunks, condition) => blobs.write(prefix + key, chunks, condition),
    async *list(rest) {
      for await (const info of blobs.list(prefix + rest))
        yield { ...info, key: info.key.slice(prefix.length) };
    },
    remove: (key) => blobs.remove(prefix + key),
  };
}
