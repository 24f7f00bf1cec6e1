import { readFile, writeFile } from 'node:fs/promises';
import * as ort from 'onnxruntime-node';
import { afterAll, expect, it } from 'vitest';
import { exportOnnx } from '../../test/checked-export.ts';
import { configurations } from '../../test/configurations.ts';
import { runConfigurations } from '../../test/run-configurations.ts';
import { artifactsOf, tf } from '../../test/tfjs.ts';
import type { LayerClassName } from './index.ts';

const isLong = process.env['TIER'] === 'long';
const WANTED = isLong ? 1000 : 20;
const SEED = 20;

const ran = new Map<string, object>();

it.each(Object.keys(configurations) as LayerClassName[])(
  '%s computes what tfjs does',
  async (className) => {
    const { failures, ...counts } = await runConfigurations(className, WANTED, SEED);
    const { distinct, refused, largestDifference, largestShare } = counts;
    process.stdout.write(
      `${className}: ${counts.ran} ran (${distinct} different), ${refused} refused by tfjs, ` +
        `largest difference ${largestDifference.toExponential(1)}, ${largestShare.toFixed(2)} of the gate\n`,
    );
    expect(failures).toEqual([]);
    expect(counts.ran).toBeGreaterThanOrEqual(WANTED);
    ran.set(className, counts);
  },
  isLong ? 3_600_000 : undefined,
);

it('LayerNormalization of rows of nearly equal values is off by what float32 makes of their mean', async () => {
  const [rows, width, epsilon] = [64, 3, 1e-3];
  const x = tf.input({ shape: [width], name: 'x' });
  const y = tf.layers.layerNormalization({ epsilon }).apply(x) as tf.SymbolicTensor;
  const { bytes, outputs } = exportOnnx(await artifactsOf(tf.model({ inputs: x, outputs: y })));
  const data = Float32Array.from({ length: rows * width }, (_, at) => 1.5 + Math.sin(at) / 500);
  const session = await ort.InferenceSession.create(bytes);
  const answer = await session.run({ x: new ort.Tensor('float32', data, [rows, width]) });
  const came = answer[outputs[0]!.name]!.data as Float32Array;
  // A mean of n values is n − 1 sums and a division, each off by at most 2^-24 of the largest; the root of epsilon divides that.
  const bound = (width * 2 ** -24 * 1.502) / Math.sqrt(epsilon);
  for (let row = 0; row < rows; row++) {
    const values = Array.from(data.subarray(row * width, (row + 1) * width));
    const mean = values.reduce((sum, value) => sum + value) / width;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
    values.forEach((value, index) => {
      const want = (value - mean) / Math.sqrt(variance + epsilon);
      expect(Math.abs(came[row * width + index]! - want)).toBeLessThan(bound);
    });
  }
});

// What LAYERS.md shows; `npm run tables` writes it from here.
afterAll(async () => {
  if (!isLong) return;
  const file = new URL('../../test/golden/coverage.json', import.meta.url);
  const known = JSON.parse(await readFile(file, 'utf8').catch(() => '{}')) as object;
  const all = { ...known, ...Object.fromEntries(ran) };
  const rows = Object.entries(all).filter(([name]) => name in configurations);
  rows.sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = rows.map(
    ([name, counts]) => `  ${JSON.stringify(name)}: ${JSON.stringify(counts)}`,
  );
  await writeFile(file, `{\n${lines.join(',\n')}\n}\n`);
});
