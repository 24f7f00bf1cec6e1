import { rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { readAll, streamOf } from '@snapshot-ensemble/bytes';
import { replaceFile } from '@snapshot-ensemble/bytes/node';
import { BundleError } from '../errors.ts';
import type { BundleSource } from '../files.ts';
import type { BundleFile } from '../manifest.ts';
import { MANIFEST_PATH } from '../paths.ts';

/**
 * A bundle that is fetched once: each file that its manifest lists is streamed into the folder, compared with its
 * SHA-256, kept under that name and read from there, by this process and by others. The manifest and `current` are
 * asked for every time, so a new export is seen. A kept file that was damaged is fetched again. Several bundles may
 * share the folder; nothing in it is ever removed but what is damaged. Throws `BundleError('wrong-checksum')` where a
 * file differs from its manifest.
 */
export function cachedBundle(source: BundleSource, folder: string): BundleSource {
  const root = resolve(folder);
  /** By their path in the source. */
  const listed = new Map<string, BundleFile>();
  /** Files that are there and right, by SHA-256; one fetch serves all who wait for it. */
  const kept = new Map<string, Promise<string>>();

  const fetched = async (path: string, { sha256, bytes }: BundleFile): Promise<string> => {
    const place = join(root, sha256);
    if ((await sumOf(place)) === sha256) return place;
    const came = await replaceFile(place, source.read(path));
    if (came.sha256 === sha256) return place;
    await rm(place, { force: true });
    throw new BundleError(
      'wrong-checksum',
      `Bundle file "${path}" came with ${came.bytes} bytes and SHA-256 ${came.sha256}; the manifest says ${bytes} and ${sha256}. Export the bundle again.`,
      { path },
    );
  };

  const keep = (path: string, file: BundleFile): Promise<string> => {
    const known = kept.get(file.sha256);
    if (known !== undefined) return known;
    const place = fetched(path, file);
    kept.set(file.sha256, place);
    place.catch(() => kept.delete(file.sha256));
    return place;
  };

  return {
    async *read(path, _, options) {
      const file = listed.get(path);
      if (file !== undefined) {
        yield* createReadStream(await keep(path, file));
      } else if (path.endsWith(MANIFEST_PATH)) {
        const manifest = await readAll(source.read(path, undefined, options));
        const prefix = path.slice(0, -MANIFEST_PATH.length);
        for (const [name, its] of filesOf(manifest)) listed.set(prefix + name, its);
        yield* streamOf(manifest);
      } else {
        yield* source.read(path, undefined, options);
      }
    },
  };
}

/** SHA-256 of a file, or undefined where none can be read. */
async function sumOf(place: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(place)) hash.update(chunk as Uint8Array);
  } catch {
    return undefined;
  }
  return hash.digest('hex');
}

/** What a manifest lists; one that is none lists nothing, and is refused by whoever reads it. */
function filesOf(manifest: Uint8Array): readonly (readonly [string, BundleFile])[] {
  let files: unknown;
  try {
    ({ files } = JSON.parse(new TextDecoder().decode(manifest)) as { files?: unknown });
  } catch {
    return [];
  }
  if (typeof files !== 'object' || files === null) return [];
  return Object.entries(files as Record<string, Partial<BundleFile> | null>).flatMap(
    ([name, file]) =>
      typeof file?.bytes === 'number' && /^[0-9a-f]{64}$/.test(file.sha256 ?? '')
        ? [[name, { bytes: file.bytes, sha256: file.sha256! }] as const]
        : [],
  );
}
