import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportOnnx } from '../test/checked-export.ts';
import { replaced } from '../test/replace-json.ts';
import { readSaved, savedModel } from '../test/saved-models.ts';
import { artifactsOf, tf } from '../test/tfjs.ts';
import { ExportError, type ExportOptions } from './index.ts';

const isLong = process.env['TIER'] === 'long';
const MUTANTS = isLong ? 100_000 : 300;
const SEED = 8;

/** Layers whose options decide how much is computed or stored. */
function layersOfManyKinds(): tf.LayersModel {
  const image = tf.input({ shape: [6, 6, 2], name: 'image' });
  const ids = tf.input({ shape: [4], name: 'ids' });
  const on = (x: tf.SymbolicTensor, ...layers: tf.layers.Layer[]): tf.SymbolicTensor =>
    layers.reduce((value, layer) => layer.apply(value) as tf.SymbolicTensor, x);
  const tower = tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 2, kernelSize: 3, padding: 'same', inputShape: [6, 6, 2] }),
      tf.layers.batchNormalization(),
    ],
  });
  const picture = on(
    on(image, tower),
    tf.layers.zeroPadding2d({ padding: [1, 1] }),
    tf.layers.cropping2D({ cropping: 1 }),
    tf.layers.upSampling2d({ size: [2, 2] }),
    tf.layers.depthwiseConv2d({ kernelSize: 2, strides: 2, depthMultiplier: 2 }),
    tf.layers.averagePooling2d({ poolSize: 2 }),
    tf.layers.permute({ dims: [3, 1, 2] }),
    tf.layers.flatten(),
    tf.layers.repeatVector({ n: 4 }),
    tf.layers.reshape({ targetShape: [4, 36] }),
  );
  const words = on(
    ids,
    tf.layers.embedding({ inputDim: 5, outputDim: 3, maskZero: true }),
    tf.layers.bidirectional({
      layer: tf.layers.gru({ units: 2, returnSequences: true }),
      mergeMode: 'concat',
    }),
  );
  const joined = tf.layers.concatenate().apply([picture, words]) as tf.SymbolicTensor;
  const head = tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 2 }) });
  return tf.model({
    inputs: [image, ids],
    outputs: on(joined, head, tf.layers.layerNormalization(), tf.layers.lstm({ units: 2 })),
  });
}

/** Everything that has layers inside, and masks on the way. */
function wrappers(): tf.LayersModel {
  const input = tf.input({ shape: [3, 4, 4, 2], name: 'x' });
  const on = (layer: tf.layers.Layer, x: tf.SymbolicTensor): tf.SymbolicTensor =>
    layer.apply(x) as tf.SymbolicTensor;
  const convolution = { filters: 2, kernelSize: 2, returnSequences: true } as const;
  const images = on(tf.layers.convLstm2d(convolution), input);
  const inner = tf.sequential({
    layers: [tf.layers.flatten({ inputShape: [3, 3, 2] }), tf.layers.dense({ units: 3 })],
  });
  const vectors = on(tf.layers.timeDistributed({ layer: inner }), images);
  const masked = on(tf.layers.masking({}), vectors);
  const lstm = tf.layers.lstm({ units: 2, activation: 'selu', returnSequences: true });
  const read = on(tf.layers.bidirectional({ layer: lstm, mergeMode: 'concat' }), masked);
  const joined = tf.layers.concatenate().apply([read, masked]) as tf.SymbolicTensor;
  const cells = [
    tf.layers.gruCell({ units: 2 }),
    tf.layers.lstmCell({ units: 2, activation: 'gelu' }),
  ];
  return tf.model({ inputs: input, outputs: on(tf.layers.rnn({ cell: cells }), joined) });
}

const values = [
  ...['0', '-1', '1', '2', '1e9', '1e308', '1.5', 'null', 'true', '""', '"x"', '[]', '{}', '[[]]'],
  ...['[null]', '[1e9,1e9]', '{"class_name":"LSTM","config":{}}', '"LSTM"', '"TimeDistributed"'],
  ...['"RNN"', '"ConvLSTM2D"', '"Bidirectional"', '[3,3]'],
  ...['"Sequential"', '"Functional"', '"__proto__"', '"constructor"', '"toString"'],
  ...['"hasOwnProperty"', '"float16"', '"string"', '"uint8"', '"causal"', '"channels_first"'],
];

interface Change {
  readonly target: 'topology' | 'specs' | 'bytes';
  readonly place: number;
  readonly value: string;
  readonly second: Pick<Change, 'place' | 'value'> | null;
  readonly exposeStates: boolean;
}

/** One or two other values in the place of a key or a value of a JSON text, or bytes cut off or added. */
const mutant: fc.Arbitrary<Change> = fc.record({
  target: fc.constantFrom<Change['target'][]>('topology', 'specs', 'bytes'),
  place: fc.nat(1e6),
  value: fc.constantFrom(...values),
  second: fc.option(fc.record({ place: fc.nat(1e6), value: fc.constantFrom(...values) })),
  exposeStates: fc.boolean(),
});

function mutated(artifacts: ModelArtifacts, change: Change): ModelArtifacts {
  const { target, place, value, second } = change;
  if (target === 'bytes') {
    const whole = artifacts.weightData as ArrayBuffer;
    const size = place % (whole.byteLength + 8);
    const bytes = new Uint8Array(size);
    bytes.set(new Uint8Array(whole).subarray(0, size));
    return { ...artifacts, weightData: bytes.buffer };
  }
  const key = target === 'topology' ? 'modelTopology' : 'weightSpecs';
  let text = replaced(JSON.stringify(artifacts[key]), place, value);
  if (second !== null) text = replaced(text, second.place, second.value);
  return { ...artifacts, [key]: JSON.parse(text) as never };
}

/** What became of a model: an error with a code, or an export. Anything else is thrown. */
function outcome(artifacts: ModelArtifacts, options: ExportOptions = {}): string {
  try {
    exportOnnx(artifacts, options);
    return 'exported';
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
    return error.code;
  }
}

describe('damaged artifacts', () => {
  const models: ModelArtifacts[] = [];
  beforeAll(async () => {
    for (const make of [layersOfManyKinds, wrappers]) models.push(await artifactsOf(make()));
    for (const name of ['keras-2-tagger', 'keras-3-classifier', 'keras-3-tagger'])
      models.push(await readSaved(savedModel('python-converter', name)));
    models.push(await readSaved(savedModel('python-converter', 'keras-2-classifier-uint8')));
  });

  it(
    `end in a typed error or an export, ${MUTANTS} times`,
    () => {
      const counts = new Map<string, number>();
      const property = fc.property(fc.nat(models.length - 1), mutant, (model, change) => {
        const { exposeStates } = change;
        const result = outcome(mutated(models[model]!, change), { exposeStates });
        counts.set(result, (counts.get(result) ?? 0) + 1);
      });
      fc.assert(property, { numRuns: MUTANTS, seed: SEED });
      process.stdout.write(`mutants: ${JSON.stringify(Object.fromEntries(counts))}\n`);
      // Each kind of end was met: the fuzzer reaches past the first check.
      expect([...counts.keys()]).toEqual(
        expect.arrayContaining([
          ...['exported', 'invalid-topology', 'invalid-weights', 'unsupported-model'],
        ]),
      );
      expect(Object.prototype).not.toHaveProperty('class_name');
      expect(({} as Record<string, unknown>)['config']).toBeUndefined();
    },
    isLong ? 3_600_000 : undefined,
  );
});

describe('artifacts made to exhaust', () => {
  const weights = { weightSpecs: [], weightData: new ArrayBuffer(0) };
  const nested = (depth: number, wrap: (inner: object) => object): object => {
    let inner: object = {};
    for (let level = 0; level < depth; level++) inner = wrap(inner);
    return inner;
  };

  it.each<[string, object]>([
    ['model_config in model_config', nested(1e5, (inner) => ({ model_config: inner }))],
    [
      'models in models',
      nested(1e5, (inner) => ({
        class_name: 'Sequential',
        config: { name: 'm', layers: [inner] },
      })),
    ],
    [
      'wrappers in wrappers',
      {
        class_name: 'Sequential',
        config: {
          name: 'm',
          layers: [
            {
              class_name: 'TimeDistributed',
              config: {
                name: 't',
                batch_input_shape: [null, 2, 2],
                layer: nested(1e5, (layer) => ({
                  class_name: 'TimeDistributed',
                  config: { name: 't', layer },
                })),
              },
            },
          ],
        },
      },
    ],
    [
      'an initializer in an initializer',
      {
        class_name: 'Sequential',
        config: {
          name: 'm',
          layers: [
            {
              class_name: 'ReLU',
              config: {
                name: 'r',
                batch_input_shape: [null, 2],
                kernel_initializer: nested(1e5, (inner) => ({ config: inner })),
              },
            },
          ],
        },
      },
    ],
  ])('refuses %s, 100,000 deep', (_, modelTopology) => {
    expect(outcome({ ...weights, modelTopology })).toBe('invalid-topology');
  });

  it('refuses a topology that holds itself', () => {
    const modelTopology: Record<string, unknown> = { class_name: 'Sequential' };
    modelTopology['config'] = { name: 'm', layers: [modelTopology] };
    expect(outcome({ ...weights, modelTopology })).toBe('invalid-topology');
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'takes "%s" for the name it is',
    (name) => {
      const layer = { class_name: 'ReLU', config: { name, batch_input_shape: [null, 2] } };
      const model = (className: string) => ({
        class_name: 'Sequential',
        config: { name, layers: [{ ...layer, class_name: className }] },
      });
      expect(exportOnnx({ ...weights, modelTopology: model('ReLU') }).outputs).toEqual([
        { name, dtype: 'float32', shape: ['N', 2] },
      ]);
      expect(outcome({ ...weights, modelTopology: model(name) })).toBe('unsupported-model');
    },
  );

  it('refuses shapes beyond all memory before it takes any', () => {
    const modelTopology = {
      class_name: 'Sequential',
      config: {
        name: 'm',
        layers: [{ class_name: 'ReLU', config: { name: 'r', batch_input_shape: [null, 2] } }],
      },
    };
    const before = process.memoryUsage().arrayBuffers;
    for (const shape of [[2 ** 40], [2 ** 30, 2 ** 30], [2 ** 53, 2], [1e9, 4]])
      for (const quantization of [undefined, { dtype: 'uint8', scale: 1, min: 0 } as const]) {
        const spec = {
          name: 'w',
          shape,
          dtype: 'float32' as const,
          ...(quantization && { quantization }),
        };
        expect(
          outcome({ modelTopology, weightSpecs: [spec], weightData: new ArrayBuffer(8) }),
        ).toBe('invalid-weights');
      }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });
});
