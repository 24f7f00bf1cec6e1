import { open, readdir, realpath, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import {
  errorCode,
  ignoring,
  makeFolder,
  processIdentity,
  renameFile,
  syncFolder,
  writeNewFile,
} from '@snapshot-ensemble/bytes/node';
import type {
  BlobInfo,
  BlobStore,
  BlobWritten,
  ByteRange,
  ReadOptions,
  WriteCondition,
} from '../blob-store.ts';
import { absent, conditionFailed } from '../blobs/failures.ts';
import { checkKey } from '../keys.ts';
import { fileError } from './file-errors.ts';
import { blobPaths, isBlobName, versionOf, type BlobPaths } from './file-paths.ts';
import type { HolderIdentity } from '../platform/platform.ts';
import { StoreError } from '../store-error.ts';
import { nodeDisk, putIfAbsent, putIfMatch, type Disk } from './replace.ts';
import { sweep } from './sweep.ts';
import { writerTag } from './writer-tag.ts';

const chunkBytes = 1024 * 1024;

/**
 * Blobs as files in a folder, which is made on the first write. A write goes to a temporary file beside the
 * blob, is flushed to disk, moved into place and its folder flushed. Where the file system lacks hard links (FAT, some
 * network shares), writers of one blob take turns by announcing themselves.
 */
export function fileBlobs(folder: string): BlobStore {
  return fileBlobsOn(nodeDisk, folder);
}

/** As `fileBlobs`; a test puts a disk that fails in the place of Node's. */
export function fileBlobsOn(disk: Disk, folder: string): BlobStore {
  const root = resolve(folder);
  let identity: Promise<HolderIdentity> | undefined;
  const own = (): Promise<HolderIdentity> => (identity ??= processIdentity());
  const swept = new Set<string>();

  /** Before the first write into a folder: makes it, and clears what dead writers left. */
  const prepare = async (paths: BlobPaths): Promise<void> => {
    if (swept.has(paths.folder)) return;
    await makeFolder(paths.folder);
    await sweep(paths.folder, await own());
    swept.add(paths.folder);
  };

  return {
    read: (key, range, options) => readFileBlob(root, key, range, options),
    async write(key, chunks, condition) {
      checkKey(key);
      const paths = blobPaths(root, key, writerTag(await own()));
      try {
        await refuseCaseFold(root, key);
        await prepare(paths);
        const temp = paths.temp();
        const written = await writeTemp(temp, chunks);
        try {
          if (!(await publish(disk, paths, temp, condition)))
            throw conditionFailed(key, condition!);
        } finally {
          // A write that fails leaves nothing behind.
          await ignoring(['ENOENT'], unlink(temp));
        }
        await syncFolder(paths.folder);
        return written;
      } catch (error) {
        // The folder may have been removed since it was prepared.
        swept.delete(paths.folder);
        throw fileError(error, paths.file, key);
      }
    },
    async *list(prefix) {
      const found: BlobInfo[] = [];
      await collect(root, '', prefix, found);
      yield* found.sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    async remove(key) {
      checkKey(key);
      const { file, folder: parent } = blobPaths(root, key, '');
      try {
        const removed = await ignoring(
          ['ENOENT', 'ENOTDIR'],
          unlink(file).then(() => true),
        );
        if (removed === true) await syncFolder(parent);
      } catch (error) {
        throw fileError(error, file, key);
      }
    },
  };
}

async function* readFileBlob(
  root: string,
  key: string,
  range: ByteRange | undefined,
  { reuseChunks = false }: ReadOptions = {},
): AsyncGenerator<Uint8Array> {
  checkKey(key);
  const { file } = blobPaths(root, key, '');
  try {
    const handle = await openBlob(file, key);
    try {
      let position = range?.start ?? 0;
      const end = range?.end ?? Number.POSITIVE_INFINITY;
      let chunk = new Uint8Array(0);
      while (position < end) {
        const length = Math.min(chunkBytes, end - position);
        if (!reuseChunks || chunk.byteLength < length) chunk = new Uint8Array(length);
        const { bytesRead } = await handle.read(chunk, 0, length, position);
        if (bytesRead === 0) return;
        position += bytesRead;
        yield chunk.subarray(0, bytesRead);
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, file, key);
  }
}

async function openBlob(file: string, key: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(cause) ?? '')) throw absent(key, { cause });
    throw cause;
  }
}

async function writeTemp(temp: string, chunks: AsyncIterable<Uint8Array>): Promise<BlobWritten> {
  let version = '';
  const sum = await writeNewFile(temp, chunks, {
    beforeFlush: stamp,
    async afterFlush(handle) {
      version = versionOf(await handle.stat({ bigint: true }));
    },
  });
  return { version, ...sum };
}

/**
 * Stamps a file with the time in microseconds. The kernel's own stamps move only every few milliseconds, and a
 * freed inode number is soon used again: without this two states of one key could share a version.
 */
async function stamp(handle: FileHandle): Promise<void> {
  const seconds = (performance.timeOrigin + performance.now()) / 1000;
  await ignoring(['EPERM'], handle.utimes(seconds, seconds));
}

async function publish(
  disk: Disk,
  paths: BlobPaths,
  temp: string,
  condition: WriteCondition | undefined,
): Promise<boolean> {
  if (condition !== undefined) {
    return 'ifAbsent' in condition
      ? putIfAbsent(disk, paths, temp)
      : putIfMatch(disk, paths, temp, condition.ifMatch);
  }
  await renameFile(temp, paths.file, disk);
  return true;
}

/** Whether a symbolic link leads to a folder, and not to one that it is in itself. */
async function isFolderLink(file: string): Promise<boolean> {
  const target = await ignoring(['ENOENT', 'ELOOP'], realpath(file));
  if (target === undefined || !(await stat(target)).isDirectory()) return false;
  return !`${await realpath(dirname(file))}${sep}`.startsWith(`${target}${sep}`);
}

/** Two keys that differ only in case are one file on macOS and Windows. */
async function refuseCaseFold(root: string, key: string): Promise<void> {
  let folder = root;
  for (const segment of key.split('/')) {
    const folded = segment.toLowerCase();
    const names = (await ignoring(['ENOENT', 'ENOTDIR'], readdir(folder))) ?? [];
    const other = names.find((name) => name !== segment && name.toLowerCase() === folded);
    if (other !== undefined) {
      throw new StoreError(
        'unsafe-key',
        `Key "${key}" is not allowed: "${other}" is there, which differs from "${segment}" only in case, and some disks ` +
          'take both for one.',
        { key },
      );
    }
    folder = join(folder, segment);
  }
}

/** Adds the blobs below a folder whose key starts with the prefix. */
async function collect(
  folder: string,
  path: string,
  prefix: string,
  found: BlobInfo[],
): Promise<void> {
  const entries = await ignoring(['ENOENT', 'ENOTDIR'], readdir(folder, { withFileTypes: true }));
  for (const entry of entries ?? []) {
    const key = path + entry.name;
    const file = join(folder, entry.name);
    if (entry.isDirectory() || (entry.isSymbolicLink() && (await isFolderLink(file)))) {
      const below = `${key}/`;
      if (below.startsWith(prefix) || prefix.startsWith(below)) {
        await collect(file, below, prefix, found);
      }
    } else if (isBlobName(entry.name) && key.startsWith(prefix)) {
      const stats = await ignoring(['ENOENT', 'ELOOP'], stat(file, { bigint: true }));
      if (stats?.isFile() === true) {
        found.push({ key, bytes: Number(stats.size), version: versionOf(stats) });
      }
    }
  }
}
