// @ts-check
// Memory and time that reading a bundle's large graph takes, beside node:crypto on the same file; each reading in a process of its own.
// node benchmarks/large-bundle.mjs [GIB, default 1] [ROUNDS, default 5] [FOLDER, default the system's for temporary files]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readBundle, writeBundle } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { sideBySide } from './side-by-side.mjs';

const mebibyte = 2 ** 20;
const graph = 'ensemble.onnx';
/** A graph in memory, beside its own bytes: a tenth of them. */
const mostMemory = 1.1;

const [first = '1', rounds = '5', folder = tmpdir(), role = ''] = process.argv.slice(2);
const bytes = Math.round(Number(first) * 1024) * mebibyte;

/** @typedef {Awaited<ReturnType<typeof readBundle>>} Bundle */

/** What reads the graph, and how much of it it may hold; null where nothing is promised. */
const readings = /** @type {const} */ ({
  'node:crypto, one chunk of 1 MiB': [null, hashChunks],
  'node:crypto, the whole file': [null, hashWhole],
  'bundle.streamFile': [0.1, stream],
  'bundle.verify': [0.1, (/** @type {Bundle} */ bundle) => bundle.verify()],
  'bundle.readFile': [mostMemory, (/** @type {Bundle} */ bundle) => bundle.readFile(graph)],
});

/** The least that such a checksum takes. @param {Bundle} bundle */
async function hashChunks(bundle) {
  const hash = createHash('sha256');
  const file = await open(bundle.locate(graph) ?? '', 'r');
  const chunk = new Uint8Array(mebibyte);
  for (;;) {
    const { bytesRead } = await file.read(chunk);
    if (bytesRead === 0) break;
    hash.update(chunk.subarray(0, bytesRead));
  }
  await file.close();
  checkSum(bundle, hash.digest('hex'));
}

/** What one writes without thinking. @param {Bundle} bundle */
async function hashWhole(bundle) {
  const whole = await readFile(bundle.locate(graph) ?? '');
  checkSum(bundle, createHash('sha256').update(whole).digest('hex'));
}

/** @param {Bundle} bundle */
async function stream(bundle) {
  let count = 0;
  for await (const chunk of bundle.streamFile(graph)) count += chunk.length;
  if (count !== bytes) throw new Error(`${count} bytes came`);
}

/** @param {Bundle} bundle @param {string} sha256 */
function checkSum(bundle, sha256) {
  if (bundle.manifest.files[graph]?.sha256 !== sha256) throw new Error('the checksum is another');
}

/** No two chunks alike, and nothing that a file system could leave out. */
async function* content() {
  const chunk = new Uint32Array(mebibyte / 4);
  let state = 1;
  for (let index = 0; index < chunk.length; index += 1)
    chunk[index] = state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  for (let sent = 0; sent < bytes; sent += mebibyte) {
    chunk[0] = sent / mebibyte;
    yield new Uint8Array(chunk.buffer.slice(0));
  }
}

/** @type {Parameters<typeof writeBundle>[1]['manifest']} */
const manifest = {
  name: 'large',
  inputs: [{ name: 'x', dtype: 'float32', shape: [null, 1] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: [null, 1], role: 'prediction', of: 'y' }],
  labels: {},
  policy: {
    y: { kind: 'regression', members: [0], combine: 'mean', weights: [1], temperature: 1 },
  },
  members: [{ id: 'm0', cycle: 0, step: 1, metrics: {} }],
  form: 'fused',
  precision: 'float32',
  graph,
  opset: 17,
  provenance: {},
};

async function main() {
  const place = await mkdtemp(join(folder, 'large-bundle-'));
  try {
    await writeBundle(bundleDirectory(place), { manifest, files: { [graph]: content() } });
    /** @type {Record<string, number>} */
    const most = {};
    await sideBySide({
      title: `Reading and checking a graph of ${first} GiB`,
      rounds: Number(rounds),
      contenders: Object.keys(readings).map((name) => ({
        name,
        run() {
          const { extra, ms } = inProcess(name, place);
          most[name] = Math.max(most[name] ?? 0, extra);
          return ms;
        },
      })),
    });
    console.log('\n| reading | most memory, of its bytes | allowed |\n|---|---:|---:|');
    for (const [name, [limit]] of Object.entries(readings)) {
      const share = (most[name] ?? 0) / bytes;
      const verdict = limit === null ? '' : `${limit}${share > limit ? ', EXCEEDED' : ''}`;
      console.log(`| ${name} | ${share.toFixed(3)} | ${verdict} |`);
      if (limit !== null && share > limit) process.exitCode = 1;
    }
  } finally {
    await rm(place, { recursive: true });
  }
}

/** @param {string} name @param {string} place @returns {{ extra: number, ms: number }} */
function inProcess(name, place) {
  const child = spawnSync(
    process.execPath,
    [fileURLToPath(import.meta.url), first, rounds, place, name],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (child.status !== 0) throw new Error(`${name} ended with ${child.status ?? child.signal}`);
  return JSON.parse(child.stdout);
}

if (role === '') await main();
else {
  const [, read] = readings[/** @type {keyof typeof readings} */ (role)];
  const bundle = await readBundle(bundleDirectory(folder));
  const before = process.resourceUsage().maxRSS * 1024;
  const start = performance.now();
  await read(bundle);
  const ms = performance.now() - start;
  const extra = process.resourceUsage().maxRSS * 1024 - before;
  await bundle.close();
  console.log(JSON.stringify({ extra, ms }));
}
