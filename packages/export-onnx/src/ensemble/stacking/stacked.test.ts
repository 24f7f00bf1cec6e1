import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { bundleOf, mean } from '../../../test/bundles.ts';
import { runOnnx } from '../../../test/run-onnx.ts';
import { tf } from '../../../test/tfjs.ts';
import { checkParity } from '../../index.ts';

describe('stacked', () => {
  const { layers } = tf;
  const initial = (seed: number) => ({
    kernelInitializer: tf.initializers.glorotUniform({ seed }),
    biasInitializer: tf.initializers.randomUniform({ minval: -1, maxval: 1, seed }),
  });
  const image = (): tf.SymbolicTensor => tf.input({ shape: [8, 8, 3], name: 'x' });

  const architectures: Record<string, (seed: number) => tf.LayersModel> = {
    'a residual network with batch norm'(seed) {
      const x = image();
      const conv = (of: tf.SymbolicTensor, at: number, strides = 1): tf.SymbolicTensor => {
        const made = layers.conv2d({
          filters: 4,
          kernelSize: 3,
          padding: 'same',
          strides,
          ...initial(seed + at),
        });
        return made.apply(of) as tf.SymbolicTensor;
      };
      const norm = (of: tf.SymbolicTensor, at: number): tf.SymbolicTensor =>
        layers
          .batchNormalization({
            movingMeanInitializer: tf.initializers.randomUniform({
              minval: -1,
              maxval: 1,
              seed: seed + at,
            }),
            movingVarianceInitializer: tf.initializers.randomUniform({
              minval: 0.5,
              maxval: 2,
              seed: seed + at,
            }),
            betaInitializer: tf.initializers.randomUniform({
              minval: -1,
              maxval: 1,
              seed: seed + at,
            }),
          })
          .apply(of) as tf.SymbolicTensor;
      const relu = (of: tf.SymbolicTensor): tf.SymbolicTensor =>
        layers.reLU().apply(of) as tf.SymbolicTensor;
      const first = relu(norm(conv(x, 1), 2));
      const second = relu(
        layers.add().apply([norm(conv(first, 3), 4), first]) as tf.SymbolicTensor,
      );
      const third = norm(relu(second), 5);
      const pooled = layers.globalAveragePooling2d({}).apply(third) as tf.SymbolicTensor;
      const y = layers.dense({ units: 3, name: 'y', ...initial(seed + 6) }).apply(pooled);
      return tf.model({ inputs: x, outputs: y as tf.SymbolicTensor });
    },
    'depthwise and separable convolutions'(seed) {
      return tf.sequential({
        layers: [
          layers.depthwiseConv2d({
            kernelSize: 3,
            depthMultiplier: 2,
            inputShape: [8, 8, 3],
            depthwiseInitializer: tf.initializers.glorotUniform({ seed }),
            name: 'x',
          }),
          layers.separableConv2d({
            filters: 4,
            kernelSize: 3,
            depthwiseInitializer: tf.initializers.glorotUniform({ seed }),
            pointwiseInitializer: tf.initializers.glorotUniform({ seed }),
          }),
          layers.maxPooling2d({ poolSize: 2 }),
          layers.flatten(),
          layers.dense({ units: 5, activation: 'tanh', ...initial(seed) }),
          layers.dense({ units: 2, name: 'y', ...initial(seed + 1) }),
        ],
      });
    },
    'two branches that are joined'(seed) {
      const x = image();
      const branch = (size: number): tf.SymbolicTensor =>
        layers
          .conv2d({
            filters: 2,
            kernelSize: size,
            padding: 'same',
            activation: 'elu',
            ...initial(seed + size),
          })
          .apply(x) as tf.SymbolicTensor;
      const joined = layers.concatenate().apply([branch(1), branch(3)]) as tf.SymbolicTensor;
      const flat = layers
        .flatten()
        .apply(layers.averagePooling2d({ poolSize: 2 }).apply(joined)) as tf.SymbolicTensor;
      return tf.model({
        inputs: x,
        outputs: layers
          .dense({ units: 2, name: 'y', ...initial(seed) })
          .apply(flat) as tf.SymbolicTensor,
      });
    },
  };

  it.each(Object.keys(architectures))('computes %s for all members at once', async (name) => {
    const all = [10, 20, 30].map((seed) => architectures[name]!(seed));
    const { manifest, notStacked, files } = await bundleOf(all, {
      policy: mean('regression', 3),
      form: 'stacked',
    });
    expect(notStacked).toEqual([]);
    const data = tf.randomNormal([3, 8, 8, 3], 0, 1, 'float32', 1).dataSync<'float32'>();
    const input = manifest.inputs[0]!.name;
    const output = manifest.outputs[0]!.name;
    const results = await checkParity({
      bytes: files.get('ensemble.onnx')!,
      ort,
      inputs: [{ [input]: { data, shape: [3, 8, 8, 3] } }],
      predict: () => {
        const each = all.map((model) =>
          (model.predict(tf.tensor(data, [3, 8, 8, 3])) as tf.Tensor).dataSync<'float32'>(),
        );
        const values = each[0]!.map((_, at) => each.reduce((sum, own) => sum + own[at]! / 3, 0));
        return { [output]: { data: values, shape: [3, values.length / 3] } };
      },
      absolute: 1e-5,
      relative: 1e-5,
    });
    expect(results.filter(({ isClose }) => !isClose)).toEqual([]);
  });

  it('says what it computes member by member, and why', async () => {
    const all = [1, 2].map((seed) =>
      tf.sequential({
        layers: [
          layers.lstm({
            units: 4,
            inputShape: [5, 3],
            kernelInitializer: tf.initializers.glorotUniform({ seed }),
            recurrentInitializer: tf.initializers.glorotUniform({ seed }),
            recurrentActivation: 'sigmoid',
            name: 'x',
          }),
          layers.dense({ units: 2, name: 'y', ...initial(seed) }),
        ],
      }),
    );
    const { notStacked, files, manifest } = await bundleOf(all, {
      policy: mean('regression', 2),
      form: 'stacked',
    });
    expect(notStacked.map(({ reason }) => reason)).toContain(
      'LSTM has no form that works on several members',
    );
    const data = tf.randomNormal([2, 5, 3], 0, 1, 'float32', 1).dataSync<'float32'>();
    const answer = await runOnnx(files.get('ensemble.onnx')!, {
      [manifest.inputs[0]!.name]: { data, shape: [2, 5, 3] },
    });
    const each = all.map((model) =>
      (model.predict(tf.tensor(data, [2, 5, 3])) as tf.Tensor).dataSync<'float32'>(),
    );
    answer[manifest.outputs[0]!.name]!.data.forEach((value, at) => {
      expect(Math.abs(value - (each[0]![at]! + each[1]![at]!) / 2)).toBeLessThan(1e-5);
    });
  });

  it('is noticed where one weight is another', async () => {
    const all = [10, 20, 30].map((seed) => architectures['two branches that are joined']!(seed));
    const right = await bundleOf(all, { policy: mean('regression', 3), form: 'stacked' });
    const [first] = all;
    const kernel = first!.layers[1]!.getWeights()[0]!;
    first!.layers[1]!.setWeights([kernel.mul(1.01), first!.layers[1]!.getWeights()[1]!]);
    const wrong = await bundleOf(all, { policy: mean('regression', 3), form: 'stacked' });
    const inputs = { x: { data: new Float32Array(192).fill(0.5), shape: [1, 8, 8, 3] } };
    const [a, b] = await Promise.all(
      [right, wrong].map(({ files }) => runOnnx(files.get('ensemble.onnx')!, inputs)),
    );
    expect(a!['y']!.data).not.toEqual(b!['y']!.data);
  });

  it('is the fused graph where members differ in structure', async () => {
    const dense = (units: number): tf.LayersModel =>
      tf.sequential({
        layers: [
          layers.dense({ units, inputShape: [2], name: `x${units}` }),
          layers.dense({ units: 1, name: 'y' }),
        ],
      });
    const { notStacked } = await bundleOf([dense(3), dense(4)], {
      policy: mean('regression', 2),
      form: 'stacked',
      inputNames: { x3_input: 'x', x4_input: 'x' },
    });
    expect(notStacked).toEqual([
      { node: 'all', reason: 'operator x4/Gemm of member 1 is another than x3/Gemm of member 0' },
    ]);
  });
});
