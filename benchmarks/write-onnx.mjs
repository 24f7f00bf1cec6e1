// @ts-check
// Time and memory that writeOnnx takes for 256 MB of weights on their way to a file, beside a plain write of as many bytes.
// node benchmarks/write-onnx.mjs [FOLDER, default the system's for temporary files] [ROUNDS, default 9]
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { writeOnnx } from '@snapshot-ensemble/export-onnx';
import { sideBySide } from './side-by-side.mjs';

const mebibyte = 2 ** 20;
const extraLimit = 64 * mebibyte;
const layerCount = 16;
const [folder = tmpdir(), rounds = '9', role = ''] = process.argv.slice(2);

/** Sixteen layers of 16 MiB each: square matrices, or 3 × 3 kernels. */
const layers = {
  dense: {
    className: 'Dense',
    config: { units: 2048, use_bias: false },
    input: [null, 2048],
    kernel: [2048, 2048],
    limitMs: 500,
  },
  convolutions: {
    className: 'Conv2D',
    config: { filters: 680, kernel_size: [3, 3], padding: 'same', use_bias: false },
    input: [null, 8, 8, 680],
    kernel: [3, 3, 680, 680],
    limitMs: 1500,
  },
};
/** @typedef {keyof typeof layers} Kind */

/** @param {Kind} kind */
function artifactsOf(kind) {
  const { className, config, input, kernel } = layers[kind];
  const names = Array.from({ length: layerCount }, (_, index) => `l${index}`);
  const length = kernel.reduce((product, dim) => product * dim, 1);
  const data = new Float32Array(length * layerCount);
  // Distinct weights, as training leaves them.
  for (let index = 0, state = 1; index < data.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    data[index] = state / 2 ** 31;
  }
  return {
    modelTopology: {
      class_name: 'Sequential',
      config: {
        name: kind,
        layers: names.map((name, index) => ({
          class_name: className,
          config: { name, ...config, ...(index === 0 ? { batch_input_shape: input } : {}) },
        })),
      },
    },
    weightSpecs: names.map((name) => ({
      name: `${name}/kernel`,
      shape: kernel,
      dtype: /** @type {const} */ ('float32'),
    })),
    weightData: data.buffer,
  };
}

/** In a process of its own, whose memory peaks are nobody else's. @param {Kind} kind @param {string} place */
async function write(kind, place) {
  const artifacts = artifactsOf(kind);
  const sink = bundleDirectory(place);
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const start = performance.now();
  await writeOnnx(artifacts, sink);
  const milliseconds = performance.now() - start;
  return { milliseconds, extra: peakBytes() - before };
}

/** The same bytes with nothing to do about them: what the disk takes. @param {Kind} kind @param {string} place */
async function copy(kind, place) {
  const { weightData } = artifactsOf(kind);
  const start = performance.now();
  await bundleDirectory(place).write('model.onnx', chunks(new Uint8Array(weightData)));
  return { milliseconds: performance.now() - start, extra: 0 };
}

/** @param {Uint8Array} bytes */
async function* chunks(bytes) {
  for (let at = 0; at < bytes.length; at += 16 * mebibyte)
    yield bytes.subarray(at, at + 16 * mebibyte);
}

function peakBytes() {
  // Linux; elsewhere the most that Node's own counter saw.
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

/** @param {string} name @param {string} place */
function inProcess(name, place) {
  const args = [fileURLToPath(import.meta.url), place, '1', name];
  const child = spawnSync(process.execPath, ['--expose-gc', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`${name} ended with ${child.status ?? child.signal}`);
  return JSON.parse(child.stdout);
}

async function main() {
  const place = await mkdtemp(join(folder, 'write-onnx-'));
  try {
    for (const kind of /** @type {Kind[]} */ (Object.keys(layers))) {
      let mostExtra = 0;
      const rows = await sideBySide({
        title: `256 MB of ${kind} to a file`,
        rounds: Number(rounds),
        contenders: [
          { name: 'plain write', run: () => inProcess(`copy ${kind}`, place).milliseconds },
          {
            name: 'writeOnnx',
            run: () => {
              const { milliseconds, extra } = inProcess(`write ${kind}`, place);
              mostExtra = Math.max(mostExtra, extra);
              return milliseconds;
            },
          },
        ],
      });
      const { median } = /** @type {import('./side-by-side.mjs').Row} */ (rows[1]);
      const isGood = median <= layers[kind].limitMs && mostExtra <= extraLimit;
      console.log(
        `${kind}: ${median.toFixed(0)} ms (limit ${layers[kind].limitMs}), ${Math.round(mostExtra / mebibyte)} MiB more than before (limit ${extraLimit / mebibyte})\n`,
      );
      if (!isGood) process.exitCode = 1;
    }
  } finally {
    await rm(place, { recursive: true });
  }
}

const [task, kind] = role.split(' ');
if (task === '') await main();
else {
  const run = task === 'copy' ? copy : write;
  console.log(JSON.stringify(await run(/** @type {Kind} */ (kind), folder)));
}
