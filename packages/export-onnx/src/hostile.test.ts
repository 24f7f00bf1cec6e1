import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../test/checked-export.ts';
import { ExportError } from './index.ts';

type Json = Record<string, unknown>;

const dense = (name: string, config: Json = {}): Json => ({
  class_name: 'Dense',
  config: { name, units: 2, use_bias: false, ...config },
});
const sequential = (...layers: Json[]): Json => ({
  class_name: 'Sequential',
  config: { name: 'm', layers },
});
const first = { batch_input_shape: [null, 2] };
const weights = {
  weightSpecs: [{ name: 'a/kernel', shape: [2, 2], dtype: 'float32' }],
  weightData: new ArrayBuffer(16),
} as const;

function functional(layers: Json[], output = ['b', 0, 0]): Json {
  return {
    class_name: 'Model',
    config: { name: 'm', layers, input_layers: [['in', 0, 0]], output_layers: [output] },
  };
}
const input = {
  name: 'in',
  class_name: 'InputLayer',
  config: { name: 'in', batch_input_shape: [null, 2], dtype: 'float32' },
  inbound_nodes: [],
};
const relu = (name: string, ...from: unknown[][]): Json => ({
  name,
  class_name: 'ReLU',
  config: { name },
  inbound_nodes: [from],
});

describe('exportOnnx refuses', () => {
  it.each<[string, Json, Partial<ModelArtifacts>, string]>([
    ['an empty topology', {}, {}, 'invalid-topology'],
    ['a Sequential without layers', sequential(), {}, 'invalid-topology'],
    ['a Sequential without input shape', sequential(dense('a')), {}, 'invalid-topology'],
    [
      'layers that are no list',
      { class_name: 'Sequential', config: { layers: 3 } },
      {},
      'invalid-topology',
    ],
    ['two layers of one name', sequential(dense('a', first), dense('a')), {}, 'invalid-topology'],
    [
      'a negative dimension',
      sequential(dense('a', { batch_input_shape: [null, -2] })),
      {},
      'invalid-topology',
    ],
    [
      'a cycle',
      functional([input, relu('a', ['b', 0, 0]), relu('b', ['a', 0, 0])]),
      {},
      'invalid-topology',
    ],
    [
      'a layer that is not there',
      functional([input, relu('b', ['x', 0, 0])]),
      {},
      'invalid-topology',
    ],
    [
      'a call that is not there',
      functional([input, relu('b', ['in', 7, 0])]),
      {},
      'invalid-topology',
    ],
    [
      'an output that is not there',
      functional([input, relu('b', ['in', 0, 0])], ['b', 0, 3]),
      {},
      'invalid-topology',
    ],
    [
      'units that are no number',
      sequential(dense('a', { ...first, units: 'many' })),
      {},
      'unsupported-model',
    ],
    [
      'an unknown activation',
      sequential(dense('a', { ...first, activation: 'sinus' })),
      {},
      'unsupported-model',
    ],
    ['missing weights', sequential(dense('z', first)), {}, 'invalid-weights'],
    [
      'a weight of another shape',
      sequential(dense('a', { ...first, units: 3 })),
      {},
      'invalid-weights',
    ],
    [
      'too few bytes',
      sequential(dense('a', first)),
      { weightData: new ArrayBuffer(15) },
      'invalid-weights',
    ],
    [
      'too many bytes',
      sequential(dense('a', first)),
      { weightData: new ArrayBuffer(20) },
      'invalid-weights',
    ],
    [
      'an absurd size',
      sequential(dense('a', first)),
      { weightSpecs: [{ name: 'a/kernel', shape: [2 ** 40, 2 ** 40], dtype: 'float32' }] },
      'invalid-weights',
    ],
    [
      'a quantized weight without its scale',
      sequential(dense('a', first)),
      {
        weightSpecs: [
          { name: 'a/kernel', shape: [4, 4], dtype: 'float32', quantization: { dtype: 'uint8' } },
        ],
      },
      'invalid-weights',
    ],
  ])('%s', (_, modelTopology, change, code) => {
    const artifacts = { ...weights, modelTopology, ...change };
    expect(() => exportOnnx(artifacts)).toThrow(expect.objectContaining({ code }));
  });

  it('all layers it cannot export, in one error', () => {
    const topology = sequential(
      dense('a', first),
      { class_name: 'ReLU', config: { name: 'r' } },
      { class_name: 'Lambda', config: { name: 'magic' } },
      { class_name: 'Resizing', config: { name: 'size' } },
    );
    let refused: unknown;
    try {
      exportOnnx({ ...weights, modelTopology: topology });
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(ExportError);
    expect((refused as ExportError).layers.map(({ path, className }) => [path, className])).toEqual(
      [
        ['magic', 'Lambda'],
        ['size', 'Resizing'],
      ],
    );
    expect((refused as ExportError).message.split('\n')[2]).toMatchInlineSnapshot(
      `"- "size" (Resizing): it does not run inside a tfjs 4.22 model. Do this to the data before the model."`,
    );
  });

  it('options that it does not know', () => {
    const artifacts = { ...weights, modelTopology: sequential(dense('a', first)) };
    expect(() => exportOnnx(artifacts, { opset: 12 })).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
    expect(() => exportOnnx(artifacts, { outputNames: { a: 'x/y' } })).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
  });
});

describe('exportOnnx takes', () => {
  it('a converter of the user', () => {
    const modelTopology = sequential(dense('a', first), {
      class_name: 'Double',
      config: { name: 'd' },
    });
    const { outputs } = exportOnnx(
      { ...weights, modelTopology },
      {
        converters: {
          Dense: (_, [x]) => x!,
          Double: (_, [x], graph) => graph.op('Add', [x, x], x!),
        },
      },
    );
    expect(outputs.map(({ name }) => name)).toEqual(['d']);
  });

  it.each(['uint8', 'uint16', 'float16'] as const)('weights quantized to %s', (dtype) => {
    const codes = { uint8: Uint8Array, uint16: Uint16Array, float16: Uint16Array }[dtype];
    const half = [0x3c00, 0xc000, 0x3800, 0x0000];
    const weightData = codes.from(dtype === 'float16' ? half : [0, 1, 2, 3]).buffer;
    const quantization = dtype === 'float16' ? { dtype } : { dtype, scale: 0.5, min: -1 };
    const weightSpecs = [
      { name: 'a/kernel', shape: [2, 2], dtype: 'float32', quantization },
    ] as const;
    const { bytes } = exportOnnx({
      modelTopology: sequential(dense('a', first)),
      weightSpecs,
      weightData,
    });
    const stored = Float32Array.from(dtype === 'float16' ? [1, -2, 0.5, 0] : [-1, -0.5, 0, 0.5]);
    expect(Buffer.from(bytes).includes(Buffer.from(stored.buffer))).toBe(true);
  });

  it('both spellings of a topology and the wrappings of model.json and Keras', () => {
    const camel = {
      className: 'Sequential',
      config: {
        name: 'm',
        layers: [
          {
            className: 'Dense',
            config: { name: 'a', units: 2, useBias: false, batchInputShape: [null, 2] },
          },
        ],
      },
    };
    const snake = sequential(dense('a', first));
    const all = [camel, snake, { modelTopology: snake }, { model_config: snake }].map(
      (modelTopology) => exportOnnx({ ...weights, modelTopology }).bytes,
    );
    expect(all.every((bytes) => Buffer.compare(bytes, all[0]!) === 0)).toBe(true);
  });
});
