import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { replaceFile } from '@snapshot-ensemble/bytes/node';
import type { BundleReadOptions, BundleSink, BundleSource } from '../files.ts';
import { assertSafePath } from '../paths.ts';
import { takeLease } from './lease.ts';

const CHUNK_BYTES = 2 ** 20;

/**
 * A bundle in a folder, which is made on the first write. Each file is written beside its place, flushed and renamed, so
 * that a reader sees it whole or not at all. Throws `BundleError('unsafe-path')` for paths that leave the folder.
 */
export function bundleDirectory(
  directory: string,
): Required<Omit<BundleSource & BundleSink, 'layout'>> {
  const root = resolve(directory);
  const place = (path: string): string => {
    assertSafePath(path);
    return join(root, path);
  };
  return {
    read: (path, _, options) => readChunks(place(path), options),
    write: (path, chunks) => replaceFile(place(path), chunks),
    locate: place,
    lease: (revision) => takeLease(root, revision),
  };
}

async function* readChunks(
  file: string,
  { reuseChunks = false }: BundleReadOptions = {},
): AsyncGenerator<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    let chunk: Uint8Array | undefined;
    for (;;) {
      if (chunk === undefined || !reuseChunks) chunk = new Uint8Array(CHUNK_BYTES);
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
