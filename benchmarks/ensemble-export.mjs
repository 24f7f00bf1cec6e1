// @ts-check
// Memory and time that exporting an ensemble from a folder takes, each export in a process of its own.
// node benchmarks/ensemble-export.mjs [memory] [members] [sizes] [beyond] [--python PYTHON] [--folder FOLDER]
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { exportEnsemble } from '@snapshot-ensemble/export-onnx';
import { createSnapshotStore } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';

const UNITS = 512;
const MEBIBYTE = 2 ** 20;
const LAYER_MEBIBYTES = (4 * UNITS * UNITS) / MEBIBYTE;
/** Beyond one member. */
const ALLOWANCE = 64;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: 'string', multiple: true, default: ['python3'] },
    folder: { type: 'string', default: tmpdir() },
    child: { type: 'string' },
  },
});
/** @typedef {{ members: number, mebibytes: number }} Size Of one member. */

if (flags.child !== undefined) {
  const [from = '', to = ''] = positionals;
  await exported(from, to, Number(flags.child));
} else {
  const wanted = positionals.length > 0 ? positionals : ['memory', 'members', 'sizes', 'beyond'];
  for (const section of wanted) {
    if (section === 'memory') await table('memory', [{ members: 10, mebibytes: 100 }]);
    else if (section === 'members')
      await table(
        'members',
        [1, 2, 5, 10, 20, 50].map((members) => ({ members, mebibytes: 8 })),
      );
    else if (section === 'sizes')
      await table(
        'sizes',
        [1, 4, 16, 64, 256, 1024].map((mebibytes) => ({ members: 2, mebibytes })),
      );
    else if (section === 'beyond')
      await table('beyond 2 GiB', [{ members: 5, mebibytes: 512 }], judged);
    else throw new Error(`There is no section "${section}".`);
  }
}

/** @param {string} title @param {readonly Size[]} sizes @param {(bundle: string, size: Size) => void} [judge] */
async function table(title, sizes, judge) {
  console.log(`\n${title}, Node ${process.version}`);
  for (const size of sizes) {
    const place = await mkdtemp(join(flags.folder, 'ensemble-export-'));
    try {
      const layers = Math.max(1, Math.round(size.mebibytes / LAYER_MEBIBYTES));
      await writeStore(join(place, 'store'), size.members, layers);
      const args = [join(place, 'store'), join(place, 'bundle'), '--child', String(size.members)];
      const { extra, seconds, processor } = JSON.parse(
        run(process.execPath, [fileURLToPath(import.meta.url), ...args]),
      );
      const total = size.members * layers * LAYER_MEBIBYTES;
      const limit = layers * LAYER_MEBIBYTES + ALLOWANCE;
      console.log(
        `${size.members} members of ${layers * LAYER_MEBIBYTES} MiB: ${extra} MiB more than before (a member and ${ALLOWANCE} MiB are ${limit}${extra <= limit ? '' : ', ABOVE'}), ${seconds.toFixed(2)} s, of the processor ${processor.toFixed(2)} s, ${((1000 * processor) / total).toFixed(1)} ms a MiB`,
      );
      judge?.(join(place, 'bundle'), size);
    } finally {
      await rm(place, { recursive: true });
    }
  }
}

/** @param {string} program @param {readonly string[]} args */
function run(program, args) {
  const child = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`${program} ended with ${child.status ?? child.signal}`);
  return child.stdout;
}

/** Python's onnxruntime and the command read it. @param {string} bundle */
function judged(bundle) {
  const inspect = fileURLToPath(new URL('../packages/cli/dist/main.js', import.meta.url));
  console.log(
    run(process.execPath, [inspect, 'inspect', bundle]).split('\n').slice(0, 6).join('\n'),
  );
  const { path } = JSON.parse(
    run(process.execPath, [
      '--input-type=module',
      '-e',
      `import { readBundle } from '@snapshot-ensemble/ensemble-bundle';
       import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
       const bundle = await readBundle(bundleDirectory(${JSON.stringify(bundle)}));
       console.log(JSON.stringify({ path: bundle.locate('ensemble.onnx') }));`,
    ]),
  );
  for (const python of flags.python)
    console.log(
      run(python, [
        '-c',
        `import numpy, onnxruntime, os
folder = ${JSON.stringify(path)}
print(sum(os.path.getsize(os.path.join(os.path.dirname(folder), name)) for name in os.listdir(os.path.dirname(folder)) if name.startswith('ensemble.onnx')) / 2 ** 30, 'GiB')
session = onnxruntime.InferenceSession(folder)
answer = session.run(None, {session.get_inputs()[0].name: numpy.ones((1, ${UNITS}), numpy.float32)})
print('onnxruntime', onnxruntime.__version__, [(o.name, a.shape, float(a.flat[0])) for o, a in zip(session.get_outputs(), answer)][:1])`,
      ]),
    );
}

/** Square layers, each with weights of its own, which cost nothing to make. @param {string} folder @param {number} members @param {number} layers */
async function writeStore(folder, members, layers) {
  const names = Array.from({ length: layers }, (_, index) => `d${index}`);
  const config = { units: UNITS, use_bias: false, activation: 'tanh' };
  const store = createSnapshotStore(fileBlobs(folder));
  const started = await store.begin({
    model: {
      format: 'tfjs-layers-model',
      topology: {
        class_name: 'Sequential',
        config: {
          name: 'large',
          layers: names.map((name, index) => ({
            class_name: 'Dense',
            config: { name, ...config, ...(index === 0 && { batch_input_shape: [null, UNITS] }) },
          })),
        },
      },
      weights: names.map((name) => ({
        name: `${name}/kernel`,
        dtype: /** @type {const} */ ('float32'),
        shape: [UNITS, UNITS],
      })),
    },
    plan: {
      totalSteps: 2 * members,
      cycles: Array.from({ length: members }, (_, index) => ({
        index,
        start: 2 * index,
        end: 2 * index + 2,
      })),
    },
    schedule: [],
  });
  const data = new Float32Array(UNITS * UNITS).fill(1e-3);
  for (let cycle = 0; cycle < members; cycle++)
    await started.save({ cycle, step: 2 * cycle + 2, learningRate: 0.1 }, tensors(cycle));
  await started.end();

  /** @param {number} cycle */
  async function* tensors(cycle) {
    for (const [layer, name] of names.entries()) {
      // Else members would share it.
      data[0] = cycle + layer / 4096;
      yield {
        name: `${name}/kernel`,
        dtype: /** @type {const} */ ('float32'),
        shape: [UNITS, UNITS],
        data,
      };
    }
  }
}

/** @param {string} from @param {string} to @param {number} members */
async function exported(from, to, members) {
  const store = createSnapshotStore(fileBlobs(from));
  const policy = meanPolicy(
    'regression',
    Array.from({ length: members }, (_, index) => index),
  );
  const before = process.resourceUsage().maxRSS * 1024;
  const start = performance.now();
  const used = process.cpuUsage();
  await exportEnsemble(store, bundleDirectory(to), { policy, statistics: [] });
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(used);
  const processor = (user + system) / 1e6;
  const extra = Math.round((process.resourceUsage().maxRSS * 1024 - before) / MEBIBYTE);
  console.log(JSON.stringify({ extra, seconds, processor }));
}
