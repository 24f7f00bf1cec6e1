import { describe, expect, it } from 'vitest';
import { bundleOf, largestDifference, mean } from '../../../test/bundles.ts';
import { runOnnx } from '../../../test/run-onnx.ts';
import { artifactsOf, tf } from '../../../test/tfjs.ts';
import { readOnnx, type HostTensors } from '../../index.ts';

const { layers } = tf;
const initial = (seed: number) => ({
  kernelInitializer: tf.initializers.glorotUniform({ seed }),
  biasInitializer: tf.initializers.randomUniform({ minval: -1, maxval: 1, seed }),
});
const inputs: HostTensors = {
  x_input: { data: Float32Array.from({ length: 12 }, (_, at) => Math.sin(at)), shape: [3, 4] },
};
const head = (seed: number): tf.LayersModel =>
  tf.sequential({
    layers: [
      layers.dense({
        units: 5,
        activation: 'softmax',
        inputShape: [4],
        name: 'x',
        ...initial(seed),
      }),
    ],
  });
const heads = [1, 2, 3].map(head);
const answersOf = (all: readonly tf.LayersModel[]): readonly Float32Array[] =>
  all.map((model) =>
    tf.tidy(() =>
      (
        model.predict(tf.tensor(inputs['x_input']!.data as Float32Array, [3, 4])) as tf.Tensor
      ).dataSync<'float32'>(),
    ),
  );
const meanOf = (each: readonly Float32Array[], weights: readonly number[]): Float32Array =>
  each[0]!.map((_, at) => each.reduce((sum, own, member) => sum + weights[member]! * own[at]!, 0));
const operators = (bytes: Uint8Array): readonly string[] =>
  readOnnx(bytes).nodes.map(({ opType }) => opType);

describe('members whose last operators are alike', () => {
  it.each([
    ['fused', ['Gemm', 'Gemm', 'Gemm', 'Concat', 'Reshape', 'Softmax', 'ReduceMean']],
    ['stacked', ['Gemm', 'Reshape', 'Softmax', 'ReduceMean']],
  ] as const)('are ended once: %s', async (form, want) => {
    const { files } = await bundleOf(heads, {
      policy: mean('probabilities', 3),
      form,
      statistics: [],
    });
    const bytes = files.get('ensemble.onnx')!;
    expect(operators(bytes)).toEqual(want);
    const { x } = await runOnnx(bytes, inputs);
    const own = meanOf(answersOf(heads), [1 / 3, 1 / 3, 1 / 3]);
    expect(largestDifference(x!.data, own)).toBeLessThan(1e-6);
  });

  it.each(['fused', 'stacked'] as const)('are weighed where weights differ: %s', async (form) => {
    const weights = [0.5, 0.3, 0.2];
    const { files } = await bundleOf(heads, {
      policy: { ...mean('probabilities', 3), weights },
      form,
    });
    const { x } = await runOnnx(files.get('ensemble.onnx')!, inputs);
    expect(largestDifference(x!.data, meanOf(answersOf(heads), weights))).toBeLessThan(1e-6);
  });

  it.each(['fused', 'stacked'] as const)(
    'keep what is read before the softmax: %s',
    async (form) => {
      const both = [1, 2].map((seed) => {
        const x = tf.input({ shape: [4], name: 'x_input' });
        const logits = layers.dense({ units: 5, name: 'logits', ...initial(seed) }).apply(x);
        const sure = layers.softmax({ axis: -1, name: 'sure' }).apply(logits);
        return tf.model({ inputs: x, outputs: [logits, sure] as tf.SymbolicTensor[] });
      });
      const { files } = await bundleOf(both, {
        policy: { logits: mean('regression', 2), sure: mean('probabilities', 2) },
        form,
      });
      const answer = await runOnnx(files.get('ensemble.onnx')!, inputs);
      const each = both.map((model) =>
        (
          model.predict(tf.tensor(inputs['x_input']!.data as Float32Array, [3, 4])) as tf.Tensor[]
        ).map((tensor) => tensor.dataSync<'float32'>()),
      );
      for (const [at, name] of ['logits', 'sure'].entries())
        expect(
          largestDifference(
            answer[name]!.data,
            meanOf(
              each.map((own) => own[at]!),
              [0.5, 0.5],
            ),
          ),
        ).toBeLessThan(1e-6);
    },
  );
});

describe('auto', () => {
  it('stacks heads on a backbone, and nothing else', async () => {
    const backbone = tf.sequential({
      layers: [layers.dense({ units: 4, inputShape: [6], activation: 'tanh', name: 'b' })],
    });
    const options = { policy: mean('probabilities', 3), statistics: [] };
    const on = await bundleOf(heads, { ...options, backbone: await artifactsOf(backbone) });
    expect(on.manifest.form).toBe('stacked');
    expect((await bundleOf(heads, options)).manifest.form).toBe('fused');
    const cascade = { order: [0, 1, 2], thresholds: [0.9, 0.9] };
    const staged = await bundleOf(heads, {
      policy: { ...options.policy, cascade },
      backbone: await artifactsOf(backbone),
    });
    expect(staged.manifest.form).toBe('staged');
  });
});
