import { randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { measured, type ByteSum } from '../streams.ts';
import { ignoring } from './errors.ts';
import { flusher } from './flusher.ts';
import { makeFolder, syncFolder } from './folders.ts';
import { renameFile } from './rename.ts';

/** Writes all of a chunk: one `write` may take less. */
export async function writeFully(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < chunk.byteLength) {
    const { bytesWritten } = await handle.write(chunk, offset, chunk.byteLength - offset);
    offset += bytesWritten;
  }
}

export interface NewFileOptions {
  /** Runs after the last byte and before the flush, for instance to set the file's time. */
  readonly beforeFlush?: (handle: FileHandle) => Promise<void>;
  /** Runs after the flush, while the file is open. */
  readonly afterFlush?: (handle: FileHandle) => Promise<void>;
}

/**
 * Writes a stream to a file that must not be there yet, and flushes it to disk; the disk works while the stream continues. A write that
 * fails leaves no file.
 */
export async function writeNewFile(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
  { beforeFlush, afterFlush }: NewFileOptions = {},
): Promise<ByteSum> {
  const handle = await open(file, 'wx');
  try {
    const { stream, sum } = measured(chunks);
    const flush = flusher(handle);
    try {
      for await (const chunk of stream) {
        await writeFully(handle, chunk);
        flush.after(chunk.byteLength);
      }
      await beforeFlush?.(handle);
      await flush.end();
      await afterFlush?.(handle);
    } finally {
      await flush.settled();
      await handle.close();
    }
    return sum();
  } catch (error) {
    await ignoring(['ENOENT'], unlink(file));
    throw error;
  }
}

/**
 * Replaces a file, or makes it and its folders: written beside its place, flushed, renamed, and its folder flushed, so that a reader,
 * and a restart after a crash, sees the old bytes or the new.
 */
export async function replaceFile(
  file: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<ByteSum> {
  const folder = dirname(file);
  await makeFolder(folder);
  const temporary = `${file}~${randomUUID()}`;
  const written = await writeNewFile(temporary, chunks);
  try {
    await renameFile(temporary, file);
  } catch (error) {
    await ignoring(['ENOENT'], unlink(temporary));
    throw error;
  }
  await syncFolder(folder);
  return written;
}
