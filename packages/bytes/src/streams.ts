import { sha256 } from './platform/current.ts';

/** The chunks as a stream, so that bytes in memory go where streams go. */
// eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous for its reader's sake
export async function* streamOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** All bytes of a stream as one array that shares nothing with its chunks, which may reuse their memory. */
export async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk.slice());
  return joinChunks(parts);
}

/** The chunks one after the other, as one array. */
export function joinChunks(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return joined;
}

/**
 * Copies a stream to the start of `target` and returns how many bytes came. Holds one chunk at a time, where `readAll` holds
 * everything twice. Throws a `RangeError`, and stops reading, at the first byte that does not fit.
 */
export async function readInto(
  target: Uint8Array,
  chunks: AsyncIterable<Uint8Array>,
): Promise<number> {
  let filled = 0;
  for await (const chunk of chunks) {
    if (chunk.byteLength > target.byteLength - filled)
      throw new RangeError(
        `The stream holds more than the ${target.byteLength} bytes it must fit in.`,
      );
    target.set(chunk, filled);
    filled += chunk.byteLength;
  }
  return filled;
}

/** Passes a stream on and calls `observe` with every chunk. */
export async function* tap(
  chunks: AsyncIterable<Uint8Array>,
  observe: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    observe(chunk);
    yield chunk;
  }
}

/** Size and checksum of a run of bytes. */
export interface ByteSum {
  readonly bytes: number;
  /** Lower-case hexadecimal SHA-256. */
  readonly sha256: string;
}

/** Counts and hashes what flows through; call `sum()` once, when the stream is done. */
export function measured(chunks: AsyncIterable<Uint8Array>): {
  readonly stream: AsyncGenerator<Uint8Array>;
  readonly sum: () => ByteSum;
} {
  const hash = sha256();
  let bytes = 0;
  const stream = tap(chunks, (chunk) => {
    hash.update(chunk);
    bytes += chunk.byteLength;
  });
  return { stream, sum: () => ({ bytes, sha256: hash.hex() }) };
}
