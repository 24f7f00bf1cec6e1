import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** One chunk as a stream, so that bytes in memory go where streams go. */
// eslint-disable-next-line @typescript-eslint/require-await -- an async generator is the shape asked for
export async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The chunks as one array of `length` bytes. */
export function joinChunks(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.length;
  }
  return joined;
}

/** Counts and hashes what flows through; `sum()` is final once the stream is done. */
export function measured(chunks: AsyncIterable<Uint8Array>): {
  readonly stream: AsyncIterable<Uint8Array>;
  readonly sum: () => { readonly bytes: number; readonly sha256: string };
} {
  // crypto.subtle cannot hash a stream, hence a hash of its own.
  const hash = sha256.create();
  let bytes = 0;
  async function* tee(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  return { stream: tee(), sum: () => ({ bytes, sha256: bytesToHex(hash.digest()) }) };
}
