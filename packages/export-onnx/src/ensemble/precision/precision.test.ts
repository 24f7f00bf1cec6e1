import fc from 'fast-check';
import { memoryBundle } from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { largestDifference } from '../../../test/bundles.ts';
import { exportEnsemble } from '../../../test/checked-export.ts';
import { runOnnx } from '../../../test/run-onnx.ts';
import { artifactsOf, randomizeWeights, tf } from '../../../test/tfjs.ts';
import {
  compareBundles,
  comparisonText,
  readOnnx,
  type HostTensors,
  type Precision,
} from '../../index.ts';
import { halfOf } from './half.ts';

const { layers } = tf;
let members: readonly tf.LayersModel[];
beforeAll(() => {
  members = [1, 2].map((seed) => {
    const model = tf.sequential({
      layers: [
        layers.conv2d({
          filters: 16,
          kernelSize: 3,
          padding: 'same',
          activation: 'relu',
          inputShape: [12, 12, 3],
          name: 'x',
        }),
        layers.conv2d({ filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' }),
        layers.flatten(),
        layers.dense({ units: 32, activation: 'relu' }),
        layers.dense({ units: 10, activation: 'softmax', name: 'y' }),
      ],
    });
    randomizeWeights(
      model,
      seed,
      (shape) => 1.5 / Math.sqrt(shape.slice(0, -1).reduce((a, b) => a * b, 1)),
    );
    return model;
  });
});

const images = (rows: number, seed: number): HostTensors => ({
  x_input: {
    data: tf.randomNormal([rows, 12, 12, 3], 0, 1, 'float32', seed).dataSync<'float32'>(),
    shape: [rows, 12, 12, 3],
  },
});

const policy: EnsemblePolicy = {
  kind: 'probabilities',
  combine: 'meanProbabilities',
  members: [0, 1],
  weights: [0.5, 0.5],
  temperature: 1,
};

const artifacts = (all = members) => Promise.all(all.map(artifactsOf));

async function exported(precision: Precision, all = members, form: 'fused' | 'stacked' = 'fused') {
  const bundle = memoryBundle();
  await exportEnsemble(await artifacts(all), bundle, {
    policy,
    precision,
    form,
    inputNames: { x_input: 'x_input' },
  });
  return bundle.files.get('ensemble.onnx')!;
}

describe('precision', () => {
  it.each<[string, Precision | 'static', number, number]>([
    ['float16', 'float16', 0.52, 2e-3],
    ['int8-dynamic', 'int8-dynamic', 0.3, 0.05],
    ['int8-static', 'static', 0.3, 0.1],
  ])('%s answers nearly the same from a small file', async (_, name, share, difference) => {
    const precision: Precision =
      name === 'static' ? { kind: 'int8-static', ort, rows: [images(64, 1)] } : name;
    const [full, small] = [await exported('float32'), await exported(precision)];
    expect(small.length / full.length).toBeLessThan(share);
    const rows = images(64, 2);
    const [want, came] = [await runOnnx(full, rows), await runOnnx(small, rows)];
    const largest = Math.max(
      ...Array.from(want['y']!.data, (value, at) => Math.abs(value - came['y']!.data[at]!)),
    );
    expect(largest).toBeLessThan(difference);
    expect(largest).toBeGreaterThan(0);
  });

  it.each(['int8-dynamic', 'static'] as const)('%s makes a stacked graph small', async (name) => {
    const precision: Precision =
      name === 'static' ? { kind: 'int8-static', ort, rows: [images(64, 1)] } : name;
    const [full, small] = [
      await exported('float32'),
      await exported(precision, members, 'stacked'),
    ];
    expect(small.length / full.length).toBeLessThan(0.3);
    const rows = images(64, 2);
    const [want, came] = [await runOnnx(full, rows), await runOnnx(small, rows)];
    expect(largestDifference(came['y']!.data, want['y']!.data)).toBeLessThan(0.1);
  });

  it('keeps the names of operators, and no others inside the graph', async () => {
    const { nodes, weights, outputs } = readOnnx(await exported('float16'));
    const named = nodes.filter(({ name }) => name !== '').map(({ opType }) => opType);
    expect(named.filter((opType) => opType === 'Conv')).toHaveLength(4);
    expect(named).not.toContain('Cast');
    const inside = weights.map(({ name }) => name).filter((name) => !name.startsWith('ensemble/'));
    expect(Math.max(...inside.map(({ length }) => length))).toBeLessThanOrEqual(2);
    expect(outputs.map(({ name }) => name)).toContain('y');
  });

  it('goes with a stacked graph', async () => {
    const small = await exported('float16', members, 'stacked');
    const rows = images(4, 2);
    const [want, came] = [
      await runOnnx(await exported('float16'), rows),
      await runOnnx(small, rows),
    ];
    want['y']!.data.forEach((value, at) => {
      expect(Math.abs(value - came['y']!.data[at]!)).toBeLessThan(1e-5);
    });
  });

  it('keeps recurrent weights as int8', async () => {
    const all = [1, 2].map((seed) => {
      const model = tf.sequential({
        layers: [
          layers.lstm({ units: 32, inputShape: [6, 8], recurrentActivation: 'sigmoid', name: 'x' }),
          layers.dense({ units: 10, activation: 'softmax', name: 'y' }),
        ],
      });
      randomizeWeights(model, seed, () => 0.3);
      return model;
    });
    const [full, small] = [await exported('float32', all), await exported('int8-dynamic', all)];
    expect(small.length / full.length).toBeLessThan(0.45);
    const rows = {
      x_input: {
        data: tf.randomNormal([3, 6, 8], 0, 1, 'float32', 1).dataSync<'float32'>(),
        shape: [3, 6, 8],
      },
    };
    const [want, came] = [await runOnnx(full, rows), await runOnnx(small, rows)];
    want['y']!.data.forEach((value, at) => {
      expect(Math.abs(value - came['y']!.data[at]!)).toBeLessThan(0.05);
    });
  });

  it.each([18, 19, 20, 21])('int8-static answers the same at opset %i', async (opset) => {
    const precision: Precision = { kind: 'int8-static', ort, rows: [images(64, 1)] };
    const rows = images(64, 2);
    const answers = [];
    for (const version of [17, opset]) {
      const bundle = memoryBundle();
      await exportEnsemble(await artifacts(), bundle, { policy, precision, opset: version });
      const bytes = bundle.files.get('ensemble.onnx')!;
      expect(readOnnx(bytes).opsets['']).toBe(version);
      answers.push((await runOnnx(bytes, rows))['y']!.data);
    }
    expect(largestDifference(answers[1]!, answers[0]!)).toBeLessThan(1e-5);
  });

  it('refuses int8-static without rows', async () => {
    await expect(exported({ kind: 'int8-static', ort, rows: [] })).rejects.toMatchObject({
      code: 'invalid-option',
    });
  });
});

describe('compareBundles', () => {
  it('says size, speed, agreement and accuracy of one graph against another', async () => {
    const [reference, candidate] = [await exported('float32'), await exported('int8-dynamic')];
    const inputs = images(40, 3);
    const answers = (await runOnnx(reference, inputs))['y']!.data;
    const labels = Array.from({ length: 40 }, (_, row) => {
      const own = [...answers.slice(row * 10, row * 10 + 10)];
      return own.indexOf(Math.max(...own));
    });
    const result = await compareBundles({ ort, reference, candidate, inputs, output: 'y', labels });
    expect(result.rows).toBe(40);
    expect(result.accuracy).toEqual({ reference: 1, candidate: result.agreement });
    expect(result.sizeShare).toBe(candidate.length / reference.length);
    expect(result.speedup).toBeGreaterThan(0);
    const same = await compareBundles({
      ort,
      reference,
      candidate: reference,
      inputs,
      output: 'y',
    });
    expect([same.agreement, same.largestDifference]).toEqual([1, 0]);
  });
});

describe('exportEnsemble with rows to compare on', () => {
  it('says what the precision costs, in its result and in the card', async () => {
    const inputs = images(80, 3);
    const labels = Array.from({ length: 80 }, (_, row) => row % 10);
    const bundle = memoryBundle();
    const { comparisons } = await exportEnsemble(await artifacts(), bundle, {
      policy: { ...policy, cascade: { order: [0, 1], thresholds: [0.9] } },
      precision: 'float16',
      compareOn: { ort, inputs, labels },
    });
    const compared = comparisons!['y']!;
    expect(compared).toMatchObject({ rows: 80, agreement: 1 });
    expect(compared.sizeShare).toBeLessThan(0.6);
    expect(compared.largestDifference).toBeGreaterThan(0);
    expect(compared.largestDifference).toBeLessThan(1e-3);
    expect(compared.accuracy!.candidate).toBe(compared.accuracy!.reference);
    const card = new TextDecoder().decode(bundle.files.get('CARD.md'));
    expect(card).toContain(`- \`y\`, float16 against float32: ${comparisonText(compared)}.`);
  });

  it('takes pixels where the graph does', async () => {
    const data = Uint8Array.from({ length: 8 * 12 * 12 * 3 }, (_, at) => (at * 37) % 256);
    const { comparisons } = await exportEnsemble(await artifacts(), memoryBundle(), {
      policy,
      precision: 'float16',
      preprocess: {
        x_input: { layout: 'nhwc', scale: 1 / 255, mean: [0.5], deviation: [0.25] },
      },
      compareOn: { ort, inputs: { x_input: { data, shape: [8, 12, 12, 3] } } },
    });
    expect(comparisons!['y']!.rows).toBe(8);
  });

  it('compares nothing at float32, and says so', async () => {
    const compareOn = { ort, inputs: images(4, 3) };
    await expect(
      exportEnsemble(await artifacts(), memoryBundle(), { policy, compareOn }),
    ).rejects.toThrow(/compareOn compares a reduced precision with float32/);
  });

  it('of a regression compares values only', async () => {
    const [reference, candidate] = [await exported('float32'), await exported('int8-dynamic')];
    const inputs = images(4, 3);
    const options = { ort, reference, candidate, inputs, output: 'y', kind: 'regression' } as const;
    const { agreement, accuracy, largestDifference } = await compareBundles(options);
    expect([agreement, accuracy]).toEqual([undefined, undefined]);
    expect(largestDifference).toBeGreaterThan(0);
  });
});

describe('halfOf', () => {
  // IEEE 754 binary16, by hand.
  it.each([
    [0, 0x0000],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65_504, 0x7bff],
    [1e6, 0x7bff],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [NaN, 0x7e00],
  ])('of %d', (number, bits) => {
    expect(halfOf(number)).toBe(bits);
  });

  it('is as near as a float16 can be', () => {
    const valueOf = (bits: number): number => {
      const [sign, exponent, fraction] = [bits >> 15, (bits >> 10) & 31, bits & 1023];
      const size =
        exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
      return sign === 1 ? -size : size;
    };
    fc.assert(
      fc.property(fc.double({ min: -65_504, max: 65_504, noNaN: true }), (number) => {
        const value = Math.fround(number);
        const half = halfOf(value);
        const step = 2 ** Math.max(-24, Math.floor(Math.log2(Math.abs(value) || 1)) - 10);
        expect(Math.abs(valueOf(half) - value)).toBeLessThanOrEqual(step / 2);
      }),
    );
  });
});
