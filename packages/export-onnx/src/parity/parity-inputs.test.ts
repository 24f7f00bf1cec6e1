import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../test/checked-export.ts';
import { artifactsOf, predictor, tf } from '../../test/tfjs.ts';
import { checkParity, parityInputs, type HostTensors } from '../index.ts';

function readers(): tf.LayersModel {
  const ids = tf.input({ shape: [4], name: 'ids' });
  const inner = tf.sequential({
    layers: [tf.layers.embedding({ inputDim: 9, outputDim: 2, inputLength: 4 })],
    name: 'inner',
  });
  const words = tf.layers.embedding({ inputDim: 12, outputDim: 2 }).apply(ids);
  const values = tf.input({ shape: [4, 2], name: 'values' });
  const all = [words, inner.apply(ids), values] as tf.SymbolicTensor[];
  const outputs = tf.layers.add({ name: 'sum' }).apply(all) as tf.SymbolicTensor;
  return tf.model({ inputs: [ids, values], outputs });
}

const largest = (sets: readonly HostTensors[], name: string): number =>
  Math.max(...sets.flatMap((set) => Array.from(set[name]!.data)));

describe('parityInputs', () => {
  it('makes two batch sizes and the edges, indices below the smallest vocabulary', async () => {
    const artifacts = await artifactsOf(readers());
    const sets = parityInputs(artifacts, exportOnnx(artifacts).inputs);
    expect(sets.map(({ values }) => values!.shape[0])).toEqual([1, 3, 1, 1, 1, 1, 1]);
    expect(largest(sets, 'ids')).toBe(8);
    expect(largest(sets, 'values')).toBeGreaterThan(1e5);
    const values = sets.map((set) => Array.from(set['values']!.data));
    expect(values.some((set) => set.every((value) => value === 0))).toBe(true);
    expect(values.some((set) => set.every((value) => value !== 0 && value ** 2 < 1e-70))).toBe(
      true,
    );
  });

  it('is the same for the same seed', async () => {
    const artifacts = await artifactsOf(readers());
    const { inputs } = exportOnnx(artifacts);
    expect(parityInputs(artifacts, inputs, 3)).toEqual(parityInputs(artifacts, inputs, 3));
    expect(parityInputs(artifacts, inputs, 3)).not.toEqual(parityInputs(artifacts, inputs, 4));
  });
});

describe('checkParity', () => {
  /** A model, and its file with one weight off by so much. */
  async function checked(off: number, inputs?: readonly HostTensors[]) {
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 3, inputShape: [4], name: 'head' })],
    });
    const artifacts = await artifactsOf(model);
    const weightData = (artifacts.weightData as ArrayBuffer).slice(0);
    new Float32Array(weightData)[5]! += off;
    const { bytes, inputs: declared } = exportOnnx({ ...artifacts, weightData });
    const [result] = await checkParity({
      bytes,
      ort,
      inputs: inputs ?? parityInputs(artifacts, declared),
      predict: predictor(model, ['head']),
      absolute: 1e-6,
      relative: 1e-5,
    });
    return result!;
  }

  it('agrees where nothing was changed, large inputs included', async () => {
    expect(await checked(0)).toMatchObject({ output: 'head', isClose: true, isArgmaxEqual: true });
  });

  it.each([1e-4, -1e-4, 0.1])('sees one weight that is %d off', async (off) => {
    const { isClose, largestShare } = await checked(off);
    expect(isClose).toBe(false);
    expect(largestShare).toBeGreaterThan(1);
  });

  it('sees it on large inputs alone', async () => {
    const data = Float32Array.of(20, 1, -15, 2);
    expect((await checked(0.01, [{ head_input: { data, shape: [1, 4] } }])).isClose).toBe(false);
  });

  it('sees the wrong end of a bounded layer on huge inputs', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({
          units: 1,
          inputShape: [1],
          activation: 'sigmoid',
          kernelInitializer: 'ones',
          name: 'head',
        }),
      ],
    });
    const artifacts = await artifactsOf(model);
    const { bytes } = exportOnnx({ ...artifacts, weightData: Float32Array.of(-1, 0).buffer });
    const inputs = [{ head_input: { data: Float32Array.of(1e6), shape: [1, 1] } }];
    const predict = predictor(model, ['head']);
    const [result] = await checkParity({ bytes, ort, inputs, predict, absolute: 1e-6 });
    expect(result).toMatchObject({ isClose: false, largestDifference: 1 });
  });

  it('names the set of inputs that is worst', async () => {
    const set = (...data: readonly number[]) => ({
      head_input: { data: Float32Array.from(data), shape: [1, 4] },
    });
    // Weight 5 is that of the second input; the first set does not see it.
    const { worstInput } = await checked(0.1, [set(1, 0, 0, 0), set(0, 1, 0, 0)]);
    expect(worstInput).toBe(1);
  });
});
