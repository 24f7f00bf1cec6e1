import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeBundle } from '../../src/index.ts';
import { bundleDirectory } from '../../src/node/index.ts';
import { exampleManifest } from '../example.ts';

// `benchmarks/large-bundle.mjs` measures 1 GiB.
const mebibytes = 128;
const reader = fileURLToPath(new URL('reader.mjs', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundle-memory-'));
  const graph = (async function* () {
    for (let sent = 0; sent < mebibytes; sent += 1)
      yield await Promise.resolve(new Uint8Array(2 ** 20).fill(sent));
  })();
  const files = { 'ensemble.onnx': graph, 'members/000.onnx': Uint8Array.of(1) };
  await writeBundle(bundleDirectory(folder), { manifest: exampleManifest(), files });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** How much more memory a process had at most while it read, in parts of the graph. */
function mostMemory(how: string): number {
  const child = spawnSync(process.execPath, [reader, folder, how], { encoding: 'utf8' });
  expect(child.stderr).toBe('');
  return Number(child.stdout) / (mebibytes * 2 ** 20);
}

it.each([
  ['readFile', 1.1],
  ['streamFile', 0.1],
  ['verify', 0.1],
])('%s holds at most %d times the bytes of a large graph', (how, most) => {
  expect(mostMemory(how)).toBeLessThan(most);
});

it('is noticed where a graph is held twice', () => {
  expect(mostMemory('twice')).toBeGreaterThan(1.5);
});
