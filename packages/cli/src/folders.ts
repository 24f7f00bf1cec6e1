import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  BundleError,
  CURRENT_PATH,
  MANIFEST_PATH,
  readBundle,
  type Bundle,
} from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import {
  createSnapshotStore,
  StoreError,
  type BlobStore,
  type Manifest,
  type SnapshotStore,
} from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import { inCommands } from './advice.ts';
import { isObjectStore, remoteBundle } from './object-store.ts';
import { CheckFailedError, UsageError } from './run-main.ts';

const storeManifest = 'manifest.json';
const looks = {
  store: `a snapshot store (it holds ${storeManifest})`,
  bundle: `a bundle (it holds ${CURRENT_PATH} or ${MANIFEST_PATH})`,
};
/** What a folder may be. */
export type Kind = keyof typeof looks;

export interface OpenStore {
  readonly kind: 'store';
  /** The store's files. */
  readonly blobs: BlobStore;
  readonly store: SnapshotStore;
  readonly manifest: Manifest;
}

export interface OpenBundle {
  readonly kind: 'bundle';
  readonly bundle: Bundle;
}

/** Opens whichever of the two the folder is. */
export async function openFolder(
  folder: string,
  directory: string,
): Promise<OpenStore | OpenBundle> {
  const kind = await kindOf(folder, directory, ['store', 'bundle']);
  return kind === 'store' ? openStore(folder, directory) : openBundle(folder, directory);
}

export async function openStore(folder: string, directory: string): Promise<OpenStore> {
  await kindOf(folder, directory, ['store']);
  const blobs = fileBlobs(resolve(directory, folder));
  const store = createSnapshotStore(blobs);
  try {
    const manifest = await store.readManifest();
    if (manifest !== undefined) return { kind: 'store', blobs, store, manifest };
  } catch (error) {
    throw inFolder(folder, error);
  }
  throw new UsageError(`"${folder}" holds no training run yet. Train into it first.`);
}

export async function openBundle(folder: string, directory: string): Promise<OpenBundle> {
  await kindOf(folder, directory, ['bundle']);
  try {
    const bundle = await readBundle(bundleDirectory(resolve(directory, folder)));
    return { kind: 'bundle', bundle };
  } catch (error) {
    throw inFolder(folder, error);
  }
}

/** The bundle in a folder, or in an object store, from where each file is fetched once. */
export async function openBundleAnywhere(place: string, directory: string): Promise<OpenBundle> {
  if (!isObjectStore(place)) return openBundle(place, directory);
  const source = await remoteBundle(place, process.env);
  try {
    return { kind: 'bundle', bundle: await readBundle(source) };
  } catch (error) {
    throw inFolder(place, error);
  }
}

/**
 * Puts the folder in front of a message that names only what is inside it, and says what to type. What is damaged
 * there is a failed check.
 */
export function inFolder(folder: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const isDamage =
    error instanceof BundleError ||
    (error instanceof StoreError && (error.code === 'damaged' || error.code === 'not-found'));
  const Kind = isDamage ? CheckFailedError : UsageError;
  return new Kind(`in "${folder}": ${inCommands(error.message, folder)}`, { cause: error });
}

/** Whether the folder holds a bundle. */
export async function isBundle(folder: string): Promise<boolean> {
  const found = await Promise.all(
    [CURRENT_PATH, MANIFEST_PATH].map((path) => statOf(join(folder, path))),
  );
  return found.some((file) => file?.isFile() === true);
}

async function isStore(folder: string): Promise<boolean> {
  return (await statOf(join(folder, storeManifest)))?.isFile() === true;
}

/** Throws unless there is a folder. */
export async function requireFolder(folder: string, directory: string): Promise<void> {
  const found = await statOf(resolve(directory, folder));
  if (found?.isDirectory() === true) return;
  throw new UsageError(`there is no folder "${folder}". Give the folder of ${looks.store}.`);
}

/** Which of those wanted the folder is; throws if it is none. */
export async function kindOf(
  folder: string,
  directory: string,
  wanted: readonly Kind[],
): Promise<Kind> {
  const place = resolve(directory, folder);
  const wish = `Give the folder of ${wanted.map((kind) => looks[kind]).join(' or of ')}`;
  const found = await statOf(place);
  if (found === undefined) throw new UsageError(`there is no folder "${folder}". ${wish}.`);
  if (!found.isDirectory()) throw new UsageError(`"${folder}" is a file. ${wish}.`);
  const kinds = { store: await isStore(place), bundle: await isBundle(place) };
  const kind = wanted.find((candidate) => kinds[candidate]);
  if (kind !== undefined) return kind;
  const came = kinds.store
    ? looks.store
    : kinds.bundle
      ? looks.bundle
      : 'neither a snapshot store nor a bundle';
  throw new UsageError(`"${folder}" is ${came}. ${wish}.`);
}

async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}
