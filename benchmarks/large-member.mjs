// @ts-check
// Memory that writing and reading a large member takes, and the time a long manifest takes to open.
// node benchmarks/large-member.mjs [GIB, default 2] [FOLDER, default the system's for temporary files]
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSnapshotStore, memoryBlobs } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import { median } from './side-by-side.mjs';

const mebibyte = 2 ** 20;
const tensorBytes = 32 * mebibyte;
/** Beyond the largest tensor. */
const allowanceBytes = 64 * mebibyte;
const manifestMembers = 10_000;
const manifestLimitMs = 100;
const manifestRounds = 9;

const [first = '2', folder = tmpdir(), role = ''] = process.argv.slice(2);
const count = Math.round((Number(first) * 1024 * mebibyte) / tensorBytes);
const shape = [tensorBytes / 4];
const weights = Array.from({ length: count }, (_, index) => ({
  name: `w${index}`,
  dtype: /** @type {const} */ ('float32'),
  shape,
}));
const plan = { totalSteps: 2, cycles: [{ index: 0, start: 0, end: 2 }] };

/** One host buffer for all tensors, as a trainer may keep one: what is measured is the store. */
async function* tensors() {
  const data = new Float32Array(tensorBytes / 4);
  for (const [index, spec] of weights.entries()) yield { ...spec, data: data.fill(index) };
}

/** @type {Record<string, (store: import('@snapshot-ensemble/snapshot-core').SnapshotStore) => Promise<void>>} */
const roles = {
  /** What allocating such tensors takes when nobody keeps them: V8 lets some pile up before it collects them. */
  async allocate() {
    for (const [index] of weights.entries()) {
      const data = new Float32Array(tensorBytes / 4).fill(index);
      await Promise.resolve(data[0]);
    }
  },
  async write(store) {
    const model = { format: 'test', topology: null, weights };
    const run = await store.begin({ model, plan, schedule: [] });
    await run.save({ cycle: 0, step: 2, learningRate: 0 }, tensors());
    await run.end();
  },
  /** Tensors that the caller may keep, so each is memory of its own that V8 collects when it likes. */
  read: (store) => readBack(store),
  /** What a program pays that opens a store first of all. */
  async open(store) {
    const found = await store.readManifest();
    if (found?.members.length !== manifestMembers) throw new Error('members are missing');
  },
  /** Tensors that are good until the next is asked for. */
  'read, one memory': (store) => readBack(store, { reuseData: true }),
};

/**
 * @param {import('@snapshot-ensemble/snapshot-core').SnapshotStore} store
 * @param {import('@snapshot-ensemble/snapshot-core').ReadTensorsOptions} [options]
 */
async function readBack(store, options) {
  const id = (await store.readManifest())?.members[0]?.id ?? '';
  let index = 0;
  for await (const { data } of store.readMember(id, options)) {
    if (data[0] !== index || data.at(-1) !== index) throw new Error(`tensor ${index} changed`);
    index += 1;
    // Collected at once where the process was started so: then what is left is what is needed.
    globalThis.gc?.();
  }
  if (index !== count) throw new Error(`${index} of ${count} tensors came back`);
}

/** What to run, with which flags of Node. */
const measurements = /** @type {const} */ ([
  ['allocate', []],
  ['write', []],
  ['read', []],
  ['read', ['--expose-gc']],
  ['read, one memory', []],
]);

async function main() {
  const place = await mkdtemp(join(folder, 'large-member-'));
  console.log(
    `Node ${process.version}; a member of ${count} tensors of ${tensorBytes / mebibyte} MiB, ${first} GiB in all`,
  );
  let isGood = true;
  try {
    for (const [name, flags] of measurements) {
      const { extra, seconds } = inProcess(name, place, flags);
      const limit = tensorBytes + allowanceBytes;
      const isJudged = name !== 'allocate' && !(name === 'read' && flags.length === 0);
      const verdict = extra <= limit ? `within ${limit / mebibyte}` : `ABOVE ${limit / mebibyte}`;
      const rate = Math.round((count * tensorBytes) / mebibyte / seconds);
      const what = `${name} ${flags.join(' ')}`.padEnd(18);
      const more = `${Math.round(extra / mebibyte)} MiB more than before`;
      console.log(`${what} ${more}, ${rate} MiB/s ${isJudged ? verdict : ''}`);
      isGood &&= !isJudged || extra <= limit;
    }
  } finally {
    await rm(place, { recursive: true });
  }
  const { wall, processor } = await openLongManifest();
  console.log(
    `a manifest of ${manifestMembers} members opens in ${wall.toFixed(0)} ms, ${processor.toFixed(0)} ms of processor time, in a new process (median of ${manifestRounds}, limit ${manifestLimitMs})`,
  );
  if (!isGood || wall > manifestLimitMs) process.exitCode = 1;
}

/**
 * @param {string} name @param {string} place @param {readonly string[]} flags
 * @returns {{ extra: number, seconds: number, processorSeconds: number }}
 */
function inProcess(name, place, flags) {
  const args = [...flags, fileURLToPath(import.meta.url), first, place, name];
  const child = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`${name} ended with ${child.status ?? child.signal}`);
  return JSON.parse(child.stdout);
}

async function openLongManifest() {
  const blobs = memoryBlobs();
  const store = createSnapshotStore(blobs);
  const description = { format: 'test', topology: null, weights: [] };
  const run = await store.begin({ model: description, plan, schedule: [] });
  await run.save(
    {
      cycle: 0,
      step: 1,
      learningRate: 0.1,
      metrics: { loss: 1, acc: 0.5, val_loss: 1, val_acc: 0.5 },
    },
    nothing(),
  );
  let text = '';
  for await (const chunk of blobs.read('manifest.json')) text += new TextDecoder().decode(chunk);
  const manifest = JSON.parse(text);
  const [member] = manifest.members;
  manifest.members = Array.from({ length: manifestMembers }, (_, index) => ({
    ...member,
    id: `step-${index}`,
    step: index,
    key: `members/step-${index}.safetensors`,
  }));
  const place = await mkdtemp(join(folder, 'long-manifest-'));
  try {
    await fileBlobs(place).write('manifest.json', bytesOf(JSON.stringify(manifest)));
    const opened = Array.from({ length: manifestRounds }, () => inProcess('open', place, []));
    return {
      wall: 1000 * median(opened.map(({ seconds }) => seconds)),
      processor: 1000 * median(opened.map(({ processorSeconds }) => processorSeconds)),
    };
  } finally {
    await rm(place, { recursive: true });
  }
}

async function* nothing() {}

/** @param {string} text */
async function* bytesOf(text) {
  yield new TextEncoder().encode(text);
}

const run = roles[role];
if (run === undefined) await main();
else {
  const before = process.resourceUsage().maxRSS * 1024;
  const used = process.cpuUsage();
  const start = performance.now();
  await run(createSnapshotStore(fileBlobs(folder)));
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(used);
  const extra = process.resourceUsage().maxRSS * 1024 - before;
  console.log(JSON.stringify({ extra, seconds, processorSeconds: (user + system) / 1e6 }));
}
