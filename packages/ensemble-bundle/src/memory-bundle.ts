import { readAll, streamOf } from '@snapshot-ensemble/bytes';
import { BundleError } from './errors.ts';
import type { BundleSink, BundleSource } from './files.ts';

/** A bundle in memory, flat: write it, read it, or take its files by path. */
export function memoryBundle(): BundleSource &
  BundleSink & { readonly files: ReadonlyMap<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    layout: 'flat',
    read(path) {
      const bytes = files.get(path);
      if (bytes === undefined)
        throw new BundleError('missing-file', `The bundle in memory has no file "${path}".`, {
          path,
        });
      return streamOf(bytes);
    },
    async write(path, chunks) {
      files.set(path, await readAll(chunks));
    },
  };
}
