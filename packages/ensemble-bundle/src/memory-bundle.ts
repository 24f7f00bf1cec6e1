import { joinChunks, oneChunk } from './bytes.ts';
import { BundleError } from './errors.ts';
import type { BundleSink, BundleSource } from './files.ts';

/** A bundle in memory: write it, read it, or take its files by path. */
export function memoryBundle(): BundleSource &
  BundleSink & { readonly files: ReadonlyMap<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    read(path) {
      const bytes = files.get(path);
      if (bytes === undefined)
        throw new BundleError('missing-file', `The bundle in memory has no file "${path}".`, {
          path,
        });
      return oneChunk(bytes);
    },
    async write(path, chunks) {
      const held: Uint8Array[] = [];
      let length = 0;
      for await (const chunk of chunks) {
        // A writer may reuse its buffer once it has been told to go on.
        held.push(chunk.slice());
        length += chunk.length;
      }
      files.set(path, joinChunks(held, length));
    },
  };
}
