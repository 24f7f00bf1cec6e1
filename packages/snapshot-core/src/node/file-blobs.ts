import { open, readdir, stat, unlink, type FileHandle } from 'node:fs/promises';
import { join, resolve } from 'node:path';
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
import { putIfAbsent, putIfMatch } from './replace.ts';
import { sweep, writerTag } from './sweep.ts';

const chunkBytes = 1024 * 1024;

/**
 * Blobs as files in a folder, which is made on the first write. A write goes to a temporary file beside the
 * blob, is flushed to disk, moved into place and its folder flushed. Needs hard links, as every POSIX file
 * system and NTFS have.
 */
export function fileBlobs(folder: string): BlobStore {
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
        await prepare(paths);
        const temp = paths.temp();
        const written = await writeTemp(temp, chunks);
        if (!(await publish(paths, temp, condition))) throw conditionFailed(key, condition!);
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
  paths: BlobPaths,
  temp: string,
  condition: WriteCondition | undefined,
): Promise<boolean> {
  if (condition !== undefined) {
    return 'ifAbsent' in condition
      ? putIfAbsent(paths, temp)
      : putIfMatch(paths, temp, condition.ifMatch);
  }
  await renameFile(temp, paths.file);
  return true;
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
    if (entry.isDirectory()) {
      const below = `${key}/`;
      if (below.startsWith(prefix) || prefix.startsWith(below)) {
        await collect(file, below, prefix, found);
      }
    } else if (isBlobName(entry.name) && key.startsWith(prefix)) {
      const stats = await ignoring(['ENOENT'], stat(file, { bigint: true }));
      if (stats !== undefined) {
        found.push({ key, bytes: Number(stats.size), version: versionOf(stats) });
      }
    }
  }
}
