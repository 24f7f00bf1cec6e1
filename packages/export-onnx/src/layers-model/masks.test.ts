import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { exportOnnx } from '../../test/checked-export.ts';
import { artifactsOf, predictor, randomizeWeights, tf } from '../../test/tfjs.ts';
import { checkParity, ExportError, type HostTensors } from '../index.ts';
import { generator } from '../parity/random.ts';

type Tensor = tf.SymbolicTensor;
type Step = (x: Tensor) => Tensor;

const on =
  (make: () => tf.layers.Layer): Step =>
  (x) =>
    make().apply(x) as Tensor;
const joined =
  (make: () => tf.layers.Layer, ...others: Step[]): Step =>
  (x) =>
    make().apply([x, ...others.map((other) => other(x))]) as Tensor;
const same: Step = (x) => x;
const plainBranch: Step = (x) => on(() => tf.layers.leakyReLU())(x);
const rnn = { units: 3, returnSequences: true } as const;

/** Layers that keep, drop, mix up or read a mask, from `[steps, features]` to the same or to vectors. */
const steps: Readonly<Record<string, Step>> = {
  dense: on(() => tf.layers.dense({ units: 3 })),
  activation: on(() => tf.layers.activation({ activation: 'tanh' })),
  relu: on(() => tf.layers.reLU()),
  prelu: on(() => tf.layers.prelu({ sharedAxes: [1] })),
  leakyReLU: on(() => tf.layers.leakyReLU()),
  elu: on(() => tf.layers.elu()),
  dropout: on(() => tf.layers.dropout({ rate: 0.5 })),
  spatialDropout: on(() => tf.layers.spatialDropout1d({ rate: 0.5 })),
  noise: on(() => tf.layers.gaussianNoise({ stddev: 1 })),
  batchNorm: on(() => tf.layers.batchNormalization()),
  layerNorm: on(() => tf.layers.layerNormalization({ epsilon: 0.1 })),
  masking: on(() => tf.layers.masking({ maskValue: 0 })),
  rescaling: on(() => tf.layers.rescaling({ scale: 0.5 })),
  reshape: (x) => on(() => tf.layers.reshape({ targetShape: x.shape.slice(1) }))(x),
  permute: on(() => tf.layers.permute({ dims: [1, 2] })),
  conv: on(() => tf.layers.conv1d({ filters: 3, kernelSize: 2, padding: 'same' })),
  distributed: on(() => tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 2 }) })),
  gru: on(() => tf.layers.gru(rnn)),
  backwards: on(() => tf.layers.lstm({ ...rnn, goBackwards: true, activation: 'mish' })),
  bidirectional: on(() => tf.layers.bidirectional({ layer: tf.layers.simpleRNN(rnn) })),
  add: joined(() => tf.layers.add(), same),
  addPlain: joined(() => tf.layers.add(), plainBranch),
  plainAdd: (x) =>
    joined(
      () => tf.layers.add(),
      () => x,
    )(plainBranch(x)),
  averageOfThree: joined(() => tf.layers.average(), same, same),
  maximumOfThree: joined(() => tf.layers.maximum(), same, plainBranch),
  concatenate: joined(() => tf.layers.concatenate(), same),
  concatenatePlain: joined(() => tf.layers.concatenate(), plainBranch),
  concatenateSteps: joined(() => tf.layers.concatenate({ axis: 1 }), same),
  concatenateStepsPlain: joined(() => tf.layers.concatenate({ axis: 1 }), plainBranch),
  last: on(() => tf.layers.gru({ units: 3 })),
  state: (x) => (tf.layers.lstm({ units: 3, returnState: true }).apply(x) as Tensor[])[1]!,
  repeat: on(() => tf.layers.repeatVector({ n: 2 })),
  flatten: on(() => tf.layers.flatten()),
  pool: on(() => tf.layers.globalAveragePooling1d({})),
  softmax: on(() => tf.layers.softmax({ axis: -1 })),
};

function built(
  names: readonly string[],
  size: readonly [number, number],
): tf.LayersModel | undefined {
  try {
    const input = tf.input({ shape: [...size], name: 'x' });
    const masked = tf.layers.masking({ maskValue: 0 }).apply(input) as Tensor;
    const output = names.reduce((x, name) => steps[name]!(x), masked);
    const model = tf.model({ inputs: input, outputs: output });
    randomizeWeights(model, 5);
    predictor(model, ['y'])(feed(size, 1));
    predictor(model, ['y'])(feed(size, 3));
    return model;
  } catch {
    return undefined;
  }
}

/** Whole steps of zeros among others. */
function feed([length, features]: readonly [number, number], rows: number): HostTensors {
  const random = generator(rows);
  const data = Array.from({ length: rows * length }, () => {
    const isMasked = random() < 0.4;
    return Array.from({ length: features }, () => (isMasked ? 0 : random() * 2 - 1));
  });
  return { x: { data: Float32Array.from(data.flat()), shape: [rows, length, features] } };
}

const chain = fc.tuple(
  fc.array(fc.constantFrom(...Object.keys(steps)), { minLength: 1, maxLength: 4 }),
  fc.constantFrom('gru', 'last', 'bidirectional', 'softmax', 'backwards'),
  fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })),
);

const WANTED = process.env['TIER'] === 'long' ? 1000 : 15;

it('masks go where they go in tfjs, or the layer that would read a wrong one is refused', async () => {
  let [equal, refused] = [0, 0];
  for (const [names, reader, size] of fc.sample(chain, { seed: 3, numRuns: WANTED * 6 })) {
    if (equal === WANTED) break;
    const model = built([...names, reader], size);
    if (model === undefined) continue;
    const what = `${size.join()} ${[...names, reader].join(' ')}`;
    try {
      const { bytes, outputs } = exportOnnx(await artifactsOf(model));
      const predict = predictor(model, [outputs[0]!.name]);
      const inputs = [feed(size, 1), feed(size, 3)];
      const [result] = await checkParity({
        bytes,
        ort,
        predict,
        inputs,
        absolute: 1e-6,
        relative: 1e-5,
      });
      expect(result!.isClose, what).toBe(true);
      equal++;
    } catch (error) {
      if (!(error instanceof ExportError)) throw error;
      expect(error.message, what).toMatch(/mask/);
      refused++;
    }
    model.dispose();
  }
  process.stdout.write(`mask chains: ${equal} equal, ${refused} refused by name\n`);
  expect(equal).toBe(WANTED);
}, 600_000);

it('initial states that tfjs leaves for a layer after are refused by name', async () => {
  const [a, b] = [tf.input({ shape: [3, 2] }), tf.input({ shape: [3, 1, 2] })];
  const masked = tf.layers.masking({}).apply(a) as Tensor;
  const encoder = tf.layers.lstm({ units: 2, returnState: true });
  const [, h, c] = encoder.apply(masked) as Tensor[];
  const decoder = tf.layers.lstm({ units: 2, returnSequences: true });
  const decoded = decoder.apply([masked, h!, c!]) as Tensor;
  const reader = tf.layers.timeDistributed({ layer: tf.layers.lstm({ units: 2 }) });
  const joined = tf.layers.concatenate().apply([decoded, reader.apply(b) as Tensor]) as Tensor;
  // tfjs computes the last input first.
  const turned = tf.layers.concatenate().apply([reader.apply(b) as Tensor, decoded]) as Tensor;
  const exported = async (output: Tensor): Promise<object> =>
    exportOnnx(await artifactsOf(tf.model({ inputs: [a, b], outputs: output })));
  await expect(exported(joined)).resolves.toBeDefined();
  await expect(exported(turned)).rejects.toThrow(/initial states of the layer before/);
});
