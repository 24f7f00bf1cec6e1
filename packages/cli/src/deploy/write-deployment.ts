import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UsageError } from '../run-main.ts';
import type { Content, Files } from './deployment.ts';

/**
 * Writes all files into the folder, which appears whole or not at all. Throws `UsageError` where something is in its place, before
 * anything is written. Returns how many bytes were written.
 */
export async function writeDeployment(
  out: string,
  directory: string,
  files: Files,
): Promise<number> {
  const target = resolve(directory, out);
  await refuseFull(out, target);
  const partial = join(dirname(target), `.${basename(target)}.partial-${process.pid}`);
  try {
    let bytes = 0;
    for (const [path, content] of Object.entries(files))
      bytes += await writeFile(join(partial, path), content);
    await rmdir(target).catch(() => undefined);
    await rename(partial, target);
    return bytes;
  } catch (cause) {
    await rm(partial, { recursive: true, force: true });
    if (!(cause instanceof Error && 'code' in cause && 'syscall' in cause)) throw cause;
    throw new UsageError(`cannot write "${out}": ${cause.message}. Name another place.`, { cause });
  }
}

async function refuseFull(out: string, target: string): Promise<void> {
  let names: readonly string[];
  try {
    names = await readdir(target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new UsageError(
      `--out "${out}" is not a folder. Name a folder that is empty or not there yet.`,
    );
  }
  if (names.length > 0)
    throw new UsageError(
      `--out "${out}" already holds files, which would mix with the new ones. Name a folder that is empty or not there yet.`,
    );
}

async function writeFile(path: string, content: Content): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  const file = createWriteStream(path);
  const whole = typeof content === 'string' || content instanceof Uint8Array;
  await pipeline(whole ? Readable.from([Buffer.from(content)]) : copies(content), file);
  return file.bytesWritten;
}

/** A bundle's chunk is good until the next is asked for, but a stream may hold several. */
async function* copies(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}
