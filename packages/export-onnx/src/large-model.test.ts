import { closeSync, openSync, readSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BundleSink } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { exportOnnx } from '../test/checked-export.ts';
import { compareWithFile } from '../test/independent-reader.ts';
import { buildModel } from './build-model.ts';
import { writeOnnx } from './index.ts';
import { settingsOf } from './options.ts';
import { generator } from './parity/random.ts';

// 64 MiB a layer: 2.5 GiB in all, or just enough to be written apart.
const UNITS = 4096;
const layerCount = process.env['TIER'] === 'long' ? 40 : 1;
const MEBIBYTE = 2 ** 20;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export-onnx-large-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Square layers that keep values near 1, each with weights of its own. */
function network(): ModelArtifacts & { readonly kernels: readonly Float32Array[] } {
  const random = generator(5);
  // Scaled random vectors, shifted from row to row: distinct everywhere, and made quickly.
  const base = Float32Array.from({ length: UNITS * 2 }, () => (random() - 0.5) / 18.5);
  const kernels = Array.from({ length: layerCount }, (_, layer) => {
    const kernel = new Float32Array(UNITS * UNITS);
    for (let row = 0; row < UNITS; row++) {
      const from = (row * 31 + layer * 7) % UNITS;
      kernel.set(base.subarray(from, from + UNITS), row * UNITS);
      kernel[row * UNITS + layer]! += (row % 13) / 400;
    }
    return kernel;
  });
  const names = kernels.map((_, index) => `d${index}`);
  const config = { units: UNITS, use_bias: false, activation: 'tanh' };
  const first = { batch_input_shape: [null, UNITS] };
  return {
    kernels,
    modelTopology: {
      class_name: 'Sequential',
      config: {
        name: 'large',
        layers: names.map((name, index) => ({
          class_name: 'Dense',
          config: { name, ...config, ...(index === 0 && first) },
        })),
      },
    },
    weightSpecs: names.map((name) => ({
      name: `${name}/kernel`,
      shape: [UNITS, UNITS],
      dtype: 'float32',
    })),
    weightData: kernels.map(({ buffer }) => buffer),
  };
}

function predict(kernels: readonly Float32Array[], input: Float32Array): Float64Array {
  let values = Float64Array.from(input);
  for (const kernel of kernels) {
    const sums = new Float64Array(UNITS);
    for (let row = 0, at = 0; row < UNITS; row++)
      for (let column = 0; column < UNITS; column++, at++)
        sums[column]! += values[row]! * kernel[at]!;
    values = sums.map(Math.tanh);
  }
  return values;
}

/** The most memory that the process had when the sink was handed a chunk. */
function watched(sink: BundleSink): BundleSink & { readonly peak: () => number } {
  let peak = 0;
  return {
    peak: () => peak,
    write: (path, chunks) =>
      sink.write(
        path,
        (async function* () {
          for await (const chunk of chunks) {
            peak = Math.max(peak, process.memoryUsage.rss());
            yield chunk;
          }
        })(),
      ),
  };
}

it(`writes ${layerCount * 64} MiB of weights apart from the graph, in little memory; onnxruntime opens them`, async () => {
  const { kernels, ...artifacts } = network();
  const isLarge = layerCount > 31;
  if (isLarge)
    expect(() => exportOnnx(artifacts)).toThrow(expect.objectContaining({ code: 'too-large' }));
  const sink = watched(bundleDirectory(folder));
  const before = process.memoryUsage.rss();
  const { files } = await writeOnnx(artifacts, sink, isLarge ? {} : { externalData: true });
  const extra = Math.round((sink.peak() - before) / MEBIBYTE);
  process.stdout.write(
    `${layerCount * 64} MiB written with ${extra} MiB of memory more than before\n`,
  );
  expect(extra).toBeLessThanOrEqual(64);
  expect(files.map(({ path }) => path)).toEqual(['model.onnx.data', 'model.onnx']);
  const graph = await readFile(join(folder, 'model.onnx'));
  const data = openSync(join(folder, 'model.onnx.data'), 'r');
  compareWithFile(buildModel(artifacts, settingsOf({})), graph, (offset, length) => {
    const bytes = new Uint8Array(length);
    expect(readSync(data, bytes, 0, length, offset)).toBe(length);
    return bytes;
  });
  closeSync(data);
  expect((await stat(join(folder, 'model.onnx.data'))).size).toBe(layerCount * 64 * MEBIBYTE);

  const session = await ort.InferenceSession.create(join(folder, 'model.onnx'));
  try {
    const input = Float32Array.from({ length: UNITS }, (_, index) => Math.sin(index));
    const name = session.inputNames[0]!;
    const answer = await session.run({ [name]: new ort.Tensor('float32', input, [1, UNITS]) });
    const came = answer[session.outputNames[0]!]!.data as Float32Array;
    const want = predict(kernels, input);
    const largest = want.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - came[at]!)),
      0,
    );
    expect(Math.max(...want.map(Math.abs))).toBeGreaterThan(0.01);
    expect(largest).toBeLessThan(1e-4);
    // A prediction of other weights would not pass.
    const others = predict([kernels[0]!.toReversed(), ...kernels.slice(1)], input);
    expect(Math.max(...others.map((value, at) => Math.abs(value - came[at]!)))).toBeGreaterThan(
      1e-3,
    );
  } finally {
    await session.release();
  }
}, 900_000);
