import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BundleSource } from '@snapshot-ensemble/ensemble-bundle';
import { tiny } from './helpers.ts';

// The initializer w0: its name in field 8, then its 48 bytes in field 9.
const W0 = Buffer.from([0x42, 2, 0x77, 0x30, 0x4a, 0x30]);

/** The golden bundle `tiny` with its first weight larger by `shift`, so that it answers otherwise. */
export async function tinyShifted(shift: number): Promise<BundleSource> {
  const folder = fileURLToPath(tiny);
  const graph = await readFile(join(folder, 'ensemble.onnx'));
  const at = graph.indexOf(W0) + W0.length;
  graph.writeFloatLE(graph.readFloatLE(at) + shift, at);
  const manifest = JSON.parse(await readFile(join(folder, 'ensemble.json'), 'utf8')) as {
    files: Record<string, object>;
  };
  const sha256 = createHash('sha256').update(graph).digest('hex');
  manifest.files['ensemble.onnx'] = { bytes: graph.length, sha256 };
  const files: Readonly<Record<string, Uint8Array>> = {
    'ensemble.json': Buffer.from(JSON.stringify(manifest)),
    'ensemble.onnx': graph,
  };
  return sourceOf((path) => files[path]);
}

/** A source that reads from whichever bundle is the present one. */
export function switchable(first: BundleSource): {
  readonly source: BundleSource;
  switchTo(next: BundleSource): void;
} {
  let current = first;
  return {
    source: { read: (path) => current.read(path) },
    switchTo(next) {
      current = next;
    },
  };
}

function sourceOf(find: (path: string) => Uint8Array | undefined): BundleSource {
  return {
    // eslint-disable-next-line @typescript-eslint/require-await
    async *read(path) {
      const bytes = find(path);
      if (bytes === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
      yield new Uint8Array(bytes);
    },
  };
}
