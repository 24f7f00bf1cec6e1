import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { BundleSink, BundleSource } from '../files.ts';
import { assertSafePath } from '../paths.ts';
import { flusher } from './flusher.ts';

/**
 * A bundle in a folder, which is made on the first write. Each file is written beside its place, flushed and renamed, so
 * that a reader sees it whole or not at all. Throws `BundleError('unsafe-path')` for paths that leave the folder.
 */
export function bundleDirectory(directory: string): BundleSource & BundleSink {
  const place = (path: string): string => {
    assertSafePath(path);
    return join(directory, path);
  };
  return {
    // A generator opens the file when it is read, so that no stream is left open or fails unheard.
    async *read(path) {
      yield* createReadStream(place(path)) as AsyncIterable<Uint8Array>;
    },
    write: (path, chunks) => writeWhole(place(path), chunks),
  };
}

async function writeWhole(target: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const temporary = `${target}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      const flush = flusher(file);
      for await (const chunk of chunks) {
        await writeFully(file, chunk);
        flush.after(chunk.byteLength);
      }
      await flush.end();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** In as few calls as the system takes it; `writeFile` would cut it into many. */
async function writeFully(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength;)
    at += (await file.write(chunk, at, chunk.byteLength - at)).bytesWritten;
}
