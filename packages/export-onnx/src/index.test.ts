import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { exportOnnx } from '../test/checked-export.ts';
import { cleanName } from './keras/clean-name.ts';
import { families, layerConverters } from './layers/index.ts';

it('exports these names', async () => {
  expect(Object.keys(await import('./index.ts')).sort()).toMatchInlineSnapshot(`
    [
      "ExportError",
      "backbonePairs",
      "checkParity",
      "compareBundles",
      "comparisonText",
      "ensembleAnswers",
      "exportEnsemble",
      "exportOnnx",
      "isGraphModel",
      "layerConverters",
      "parityInputs",
      "readOnnx",
      "writeOnnx",
    ]
  `);
});

it('has each class in one family', () => {
  const classes = Object.values(families).flatMap((family) => Object.keys(family));
  expect(classes.sort()).toEqual(Object.keys(layerConverters).sort());
});

it.each([
  ['conv2d_Conv2D1', 'conv2d_1'],
  ['conv2d_Conv2D12_input', 'conv2d_12_input'],
  ['max_pooling2d_MaxPooling2D3', 'max_pooling2d_3'],
  ['dense_Dense1', 'dense_1'],
  ['dense_1', 'dense_1'],
  ['my_Head1', 'my_Head1'],
])('cleans %s to %s', (name, clean) => {
  expect(cleanName(name)).toBe(clean);
});

// The cpu backend of tfjs 4.22 repeats the statistics along the last axis whatever the axis, hence the definition.
it('normalizes a batch over axis 1 as Keras defines it', async () => {
  const [gamma, beta, mean, variance] = [
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
  ] as const;
  const config = { name: 'n', axis: 1, epsilon: 0.5, batch_input_shape: [null, 2, 3] };
  const layers = [{ class_name: 'BatchNormalization', config }];
  const names = ['gamma', 'beta', 'moving_mean', 'moving_variance'];
  const { bytes } = exportOnnx({
    modelTopology: { class_name: 'Sequential', config: { name: 'm', layers } },
    weightSpecs: names.map((name) => ({ name: `n/${name}`, shape: [2], dtype: 'float32' })),
    weightData: Float32Array.from([gamma, beta, mean, variance].flat()).buffer,
  });
  const session = await ort.InferenceSession.create(bytes);
  const x = Float32Array.of(1, 2, 3, 4, 5, 6);
  const { n } = await session.run({ n_input: new ort.Tensor('float32', x, [1, 2, 3]) });
  const expected = Array.from(x, (value, index) => {
    const c = index < 3 ? 0 : 1;
    return ((value - mean[c]) * gamma[c]) / Math.sqrt(variance[c] + 0.5) + beta[c];
  });
  (n!.data as Float32Array).forEach((value, index) => {
    expect(value).toBeCloseTo(expected[index]!, 5);
  });
});
