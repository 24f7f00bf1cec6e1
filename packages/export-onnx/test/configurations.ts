import fc from 'fast-check';
import { activations } from '../src/layers/activations.ts';
import type { LayerClassName } from '../src/layers/index.ts';
import { tf } from './tfjs.ts';

type Shape = readonly (number | null)[];

/** One way to build a layer: what it is called on, without the batch, and the layer itself. */
export interface Configuration {
  readonly inputs: readonly Shape[];
  readonly layer: () => tf.layers.Layer;
  /** Inputs are integers below this, as embeddings want them. */
  readonly idsBelow?: number;
  /** Whether a Masking layer comes before. */
  readonly isMasked?: boolean;
  /** Neighbours differ: the layer divides by how far they are apart, and with them the last bit of their mean. */
  readonly isAlternating?: boolean;
  /** Default 0.7. */
  readonly largestWeight?: number;
}

const size = fc.integer({ min: 1, max: 9 });
const small = fc.integer({ min: 1, max: 4 });
const channels = fc.integer({ min: 1, max: 5 });
const activation = fc.constantFrom(...Object.keys(activations));
const padding = fc.constantFrom('same', 'valid');
const dataFormat = fc.constantFrom('channelsLast', 'channelsLast', 'channelsFirst');
const useBias = fc.boolean();
const tuple = (item: fc.Arbitrary<number>, rank: number): fc.Arbitrary<number[]> =>
  fc.array(item, { minLength: rank, maxLength: rank });
const vector = fc.tuple(size);
const sequence = fc.tuple(size, channels);
// tfjs runs each step in dozens of kernels.
const shortSequence = fc.tuple(fc.integer({ min: 1, max: 5 }), channels);
const image = fc.tuple(size, size, channels);
const anyShape: fc.Arbitrary<number[]> = fc.oneof(
  vector,
  sequence,
  image,
  fc.tuple(small, small, small, channels),
);

// tfjs checks option types at compile time only; what it refuses at run time does not count.
type Options = Record<string, unknown>;
type Factory = (options: never) => tf.layers.Layer;

function of(
  factory: Factory,
  shape: fc.Arbitrary<readonly number[]>,
  options: Record<string, fc.Arbitrary<unknown>> = {},
): fc.Arbitrary<Configuration> {
  return fc
    .tuple(shape, fc.record(options))
    .map(([input, given]: [readonly number[], Options]) => ({
      inputs: [input],
      layer: () => factory(given as never),
    }));
}

/** Merge layers: shapes that broadcast. */
function merged(factory: Factory, mayBroadcast = true): fc.Arbitrary<Configuration> {
  return fc
    .tuple(
      anyShape,
      fc.integer({ min: 2, max: 4 }),
      fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    )
    .map(([shape, count, flat]) => ({
      inputs: Array.from({ length: count }, (_, index) =>
        shape.map((dim, axis) => (mayBroadcast && index > 0 && flat[(index + axis) % 8] ? 1 : dim)),
      ),
      layer: () => factory({} as never),
    }));
}

const convolution = (rank: number): Record<string, fc.Arbitrary<unknown>> => ({
  filters: channels,
  kernelSize: tuple(small, rank),
  strides: fc.oneof(tuple(fc.constant(1), rank), tuple(fc.integer({ min: 1, max: 3 }), rank)),
  padding,
  activation,
  useBias,
});
const dilated = (rank: number): Record<string, fc.Arbitrary<unknown>> => ({
  dilationRate: fc.oneof(
    fc.constant(new Array<number>(rank).fill(1)),
    tuple(fc.integer({ min: 1, max: 3 }), rank),
  ),
});
const pool = (rank: number): Record<string, fc.Arbitrary<unknown>> => ({
  poolSize: rank === 1 ? small : tuple(small, rank),
  strides: fc.option<number | number[], undefined>(rank === 1 ? small : tuple(small, rank), {
    nil: undefined,
  }),
  padding,
  ...(rank === 1 ? {} : { dataFormat }),
});
const cellActivation = fc.oneof(
  fc.constantFrom(
    'tanh',
    'relu',
    'sigmoid',
    'hardSigmoid',
    'elu',
    'softsign',
    'softplus',
    'linear',
  ),
  activation,
);
const cell = { units: small, activation: cellActivation, useBias };
// Unbounded gates let the state grow until no tolerance fits.
const gate = fc.constantFrom('sigmoid', 'hardSigmoid', 'tanh', 'softsign', 'softmax');
const gated = { ...cell, recurrentActivation: gate };
// Each masked configuration costs a model of its own.
const oneInThree = fc.nat(2).map((kind) => kind === 0);
const sequences = { returnSequences: fc.boolean(), goBackwards: fc.boolean() };

function recurrent(
  factory: Factory,
  options: Record<string, fc.Arbitrary<unknown>>,
): fc.Arbitrary<Configuration> {
  return fc
    .tuple(of(factory, shortSequence, { ...options, ...sequences }), oneInThree)
    .map(([configuration, isMasked]) => ({ ...configuration, isMasked }));
}

const edges = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  tuple(fc.integer({ min: 0, max: 3 }), 2),
  fc.array(tuple(fc.integer({ min: 0, max: 2 }), 2), { minLength: 2, maxLength: 2 }),
);
const volume = fc.tuple(small, small, small, channels);

const tiny = fc.integer({ min: 1, max: 3 });
const side = fc.integer({ min: 2, max: 5 });
const convLSTM2D: fc.Arbitrary<Configuration> = fc
  .tuple(
    fc.tuple(tiny, side, side, tiny),
    fc.record({
      ...gated,
      ...sequences,
      filters: tiny,
      kernelSize: tuple(tiny, 2),
      strides: fc.oneof(fc.constant([1, 1]), tuple(fc.integer({ min: 1, max: 2 }), 2)),
      dilationRate: fc.oneof(fc.constant([1, 1]), tuple(fc.integer({ min: 1, max: 2 }), 2)),
      padding,
      dataFormat,
    }),
    fc.boolean(),
  )
  .map(([shape, options, isMasked]) => ({
    inputs: [shape],
    // A mask has the input's places: elsewhere tfjs fails, or lets the state grow.
    isMasked:
      isMasked &&
      options.padding === 'same' &&
      options.strides.join() === '1,1' &&
      (options.dataFormat === 'channelsLast' || [1, options.filters].includes(shape[1])),
    // With a linear activation nothing else bounds the state, which its gates multiply at every step.
    largestWeight: 0.5,
    layer: () => tf.layers.convLstm2d(options as never),
  }));

/** What one step of a sequence goes through, by the rank that it takes without the batch. */
const inners: Readonly<
  Record<
    string,
    readonly [rank: number, make: (options: never, shape: number[]) => tf.layers.Layer]
  >
> = {
  dense: [3, (options) => tf.layers.dense(options)],
  softmax: [1, () => tf.layers.softmax({ axis: -1 })],
  conv: [3, ({ units }) => tf.layers.conv2d({ filters: units, kernelSize: 2, padding: 'same' })],
  pool: [3, () => tf.layers.maxPooling2d({ poolSize: 2, padding: 'same' })],
  flatten: [3, () => tf.layers.flatten()],
  norm: [2, () => tf.layers.batchNormalization()],
  gru: [2, ({ units }) => tf.layers.gru({ units })],
  selu: [2, ({ units }) => tf.layers.lstm({ units, activation: 'selu', returnSequences: true })],
  convLSTM: [4, ({ units }) => tf.layers.convLstm2d({ filters: units, kernelSize: 1 })],
  bidirectional: [
    2,
    ({ units }) =>
      tf.layers.bidirectional({ layer: tf.layers.simpleRNN({ units }), mergeMode: 'sum' }),
  ],
  distributed: [2, (options) => tf.layers.timeDistributed({ layer: tf.layers.dense(options) })],
  model: [
    2,
    (options, shape) =>
      tf.sequential({
        layers: [
          tf.layers.conv1d({ filters: 2, kernelSize: 1, inputShape: shape }),
          tf.layers.masking({ maskValue: 0 }),
          tf.layers.gru({ units: 2 }),
          tf.layers.dense(options),
        ],
      }),
  ],
  graph: [
    1,
    (options, shape) => {
      const input = tf.input({ shape });
      const dense = tf.layers.dense(options).apply(input) as tf.SymbolicTensor;
      const inner = tf.sequential({
        layers: [tf.layers.elu({ inputShape: dense.shape.slice(1) })],
      });
      const output = tf.layers
        .concatenate()
        .apply([dense, inner.apply(dense) as tf.SymbolicTensor]);
      return tf.model({ inputs: input, outputs: output as tf.SymbolicTensor });
    },
  ],
};
const distributed: fc.Arbitrary<Configuration> = fc
  .tuple(
    tuple(tiny, 5),
    fc.constantFrom(...Object.keys(inners)),
    fc.record({ units: small, activation }),
    fc.nat(3).map((kind) => kind === 0),
  )
  .map(([dims, kind, options, isMasked]) => {
    const [rank, make] = inners[kind]!;
    const shape = dims.slice(-rank);
    return {
      inputs: [[dims[0]!, ...shape]],
      // The mask of the steps reaches the inner layer as its own; a smaller Softmax grows by it.
      isMasked: isMasked && rank < 3 && (kind !== 'softmax' || dims[0] === shape[0]),
      layer: () => tf.layers.timeDistributed({ layer: make(options as never, shape) }),
    };
  });

/** Configurations of every layer class that this package converts. */
export const configurations: Readonly<Record<LayerClassName, fc.Arbitrary<Configuration>>> = {
  Activation: of(tf.layers.activation, anyShape, { activation }),
  AlphaDropout: of(tf.layers.alphaDropout, anyShape, { rate: fc.constant(0.5) }),
  Dense: of(tf.layers.dense, fc.oneof(vector, sequence, image), {
    units: size,
    activation,
    useBias,
  }),
  Dropout: of(tf.layers.dropout, anyShape, { rate: fc.constant(0.5) }),
  Flatten: of(tf.layers.flatten, fc.oneof(sequence, image), { dataFormat }),
  GaussianDropout: of(tf.layers.gaussianDropout, anyShape, { rate: fc.constant(0.5) }),
  GaussianNoise: of(tf.layers.gaussianNoise, anyShape, { stddev: fc.constant(1) }),
  Masking: of(tf.layers.masking, sequence, { maskValue: fc.constantFrom(0, 1, 0.5) }),
  Permute: anyShape.chain((shape) =>
    fc
      .shuffledSubarray(
        shape.map((_, axis) => axis + 1),
        { minLength: shape.length },
      )
      .map((dims) => ({ inputs: [shape], layer: () => tf.layers.permute({ dims }) })),
  ),
  RepeatVector: of(tf.layers.repeatVector, vector, { n: size }),
  Reshape: fc.tuple(small, small, small, fc.boolean()).map(([a, b, c, isOpen]) => ({
    inputs: [[a * b, c]],
    layer: () => tf.layers.reshape({ targetShape: isOpen ? [a, -1] : [c, b, a] }),
  })),
  SpatialDropout1D: of(tf.layers.spatialDropout1d, sequence, { rate: fc.constant(0.5) }),
  Conv1D: of(tf.layers.conv1d, sequence, { ...convolution(1), ...dilated(1) }),
  Conv2D: of(tf.layers.conv2d, image, { ...convolution(2), ...dilated(2), dataFormat }),
  Conv2DTranspose: of(tf.layers.conv2dTranspose, image, { ...convolution(2), dataFormat }),
  Conv3D: of(tf.layers.conv3d, volume, convolution(3)),
  Conv3DTranspose: of(tf.layers.conv3dTranspose, volume, convolution(3)),
  DepthwiseConv2D: of(tf.layers.depthwiseConv2d, image, {
    ...convolution(2),
    ...dilated(2),
    depthMultiplier: small,
    dataFormat,
  }),
  SeparableConv2D: of(tf.layers.separableConv2d, image, {
    ...convolution(2),
    ...dilated(2),
    depthMultiplier: small,
  }),
  AveragePooling1D: of(tf.layers.averagePooling1d, sequence, pool(1)),
  AveragePooling2D: of(tf.layers.averagePooling2d, image, pool(2)),
  AveragePooling3D: of(tf.layers.averagePooling3d, volume, pool(3)),
  GlobalAveragePooling1D: of(tf.layers.globalAveragePooling1d, sequence),
  GlobalAveragePooling2D: of(tf.layers.globalAveragePooling2d, image, { dataFormat }),
  GlobalMaxPooling1D: of(tf.layers.globalMaxPooling1d, sequence),
  GlobalMaxPooling2D: of(tf.layers.globalMaxPooling2d, image, { dataFormat }),
  MaxPooling1D: of(tf.layers.maxPooling1d, sequence, pool(1)),
  MaxPooling2D: of(tf.layers.maxPooling2d, image, pool(2)),
  MaxPooling3D: of(tf.layers.maxPooling3d, volume, pool(3)),
  BatchNormalization: of(tf.layers.batchNormalization, fc.oneof(vector, sequence, image), {
    epsilon: fc.constantFrom(1e-3, 0.1),
    scale: fc.boolean(),
    center: fc.boolean(),
  }),
  LayerNormalization: of(tf.layers.layerNormalization, fc.oneof(sequence, image), {
    // tfjs writes into the array it is given: a new one each time.
    axis: fc
      .constantFrom('-1', '-1', '[-1]', '[-2,-1]', '[-1,-2]', '[1]')
      .map((axis): unknown => JSON.parse(axis)),
    scale: fc.boolean(),
    center: fc.boolean(),
  }).map((configuration) => ({ ...configuration, isAlternating: true })),
  Add: merged(tf.layers.add),
  Average: merged(tf.layers.average),
  Concatenate: anyShape.chain((shape) =>
    fc
      .tuple(
        fc.nat(shape.length - 1),
        fc.array(small, { minLength: 2, maxLength: 4 }),
        fc.boolean(),
      )
      .map(([axis, dims, isNegative]) => ({
        inputs: dims.map((dim) => shape.with(axis, dim)),
        layer: () => tf.layers.concatenate({ axis: isNegative ? axis - shape.length : axis + 1 }),
      })),
  ),
  Dot: fc
    .record({ a: small, b: small, c: small, kind: fc.nat(4), normalize: fc.boolean() })
    .map(({ a, b, c, kind, normalize }) => {
      const [inputs, axes] = (
        [
          [[[a], [a]], 1],
          [
            [
              [a, b],
              [c, b],
            ],
            2,
          ],
          [
            [
              [b, a],
              [b, c],
            ],
            1,
          ],
          [
            [[a, b], [b]],
            [2, 1],
          ],
          [
            [[b], [b, a]],
            [1, 1],
          ],
        ] as const
      )[kind]!;
      return { inputs, layer: () => tf.layers.dot({ axes: axes as number, normalize }) };
    }),
  Maximum: merged(tf.layers.maximum),
  Minimum: merged(tf.layers.minimum),
  Multiply: merged(tf.layers.multiply),
  ELU: of(tf.layers.elu, anyShape),
  LeakyReLU: of(tf.layers.leakyReLU, anyShape, { alpha: fc.constantFrom(0.01, 0.3, 0.9) }),
  PReLU: of(tf.layers.prelu, fc.oneof(vector, sequence, image), {
    sharedAxes: fc.constantFrom(undefined, undefined, [1]),
  }),
  ReLU: of(tf.layers.reLU, anyShape, { maxValue: fc.constantFrom(undefined, 1, 6) }),
  Softmax: of(tf.layers.softmax, anyShape, { axis: fc.constantFrom(-1, -1, 1) }),
  ThresholdedReLU: of(tf.layers.thresholdedReLU, anyShape, { theta: fc.constantFrom(0, 0.5, 1) }),
  Cropping2D: of(tf.layers.cropping2D, image, { cropping: edges, dataFormat }),
  UpSampling2D: of(tf.layers.upSampling2d, image, {
    size: tuple(small, 2),
    interpolation: fc.constantFrom('nearest', 'bilinear'),
    dataFormat,
  }),
  ZeroPadding2D: of(tf.layers.zeroPadding2d, image, { padding: edges, dataFormat }),
  Embedding: fc
    .record({ inputDim: size, outputDim: small, steps: small, maskZero: fc.boolean() })
    .map(({ steps, ...options }) => ({
      inputs: [[steps]],
      layer: () => tf.layers.embedding(options),
      idsBelow: options.inputDim,
    })),
  ConvLSTM2D: convLSTM2D,
  GRU: recurrent(tf.layers.gru, gated),
  LSTM: recurrent(tf.layers.lstm, gated),
  SimpleRNN: recurrent(tf.layers.simpleRNN, cell),
  RNN: fc
    .tuple(
      shortSequence,
      fc.array(fc.tuple(fc.constantFrom('lstm', 'gru', 'simple'), small), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.record({ ...sequences, isMasked: oneInThree }),
    )
    .map(([shape, kinds, { isMasked, ...options }]) => ({
      inputs: [shape],
      isMasked,
      layer: () => {
        const cells = kinds.map(([kind, units]) =>
          kind === 'lstm'
            ? tf.layers.lstmCell({ units })
            : kind === 'gru'
              ? tf.layers.gruCell({ units })
              : tf.layers.simpleRNNCell({ units }),
        );
        return tf.layers.rnn({ cell: cells.length === 1 ? cells[0]! : cells, ...options });
      },
    })),
  Bidirectional: fc
    .tuple(
      shortSequence,
      fc.constantFrom('lstm', 'gru', 'simpleRNN'),
      fc.record({ units: small, activation: cellActivation, ...sequences }),
      fc.record({
        mergeMode: fc.constantFrom('concat', 'sum', 'ave', 'mul'),
        isMasked: oneInThree,
        isImage: fc.nat(4).map((kind) => kind === 0),
      }),
    )
    .map(([shape, kind, { units, ...options }, { mergeMode, isMasked, isImage }]) => ({
      inputs: [isImage ? [2, 3, 3, shape[1]] : shape],
      isMasked,
      layer: () => {
        const inner = isImage
          ? tf.layers.convLstm2d({
              filters: units,
              kernelSize: 2,
              padding: 'same',
              ...options,
            } as never)
          : tf.layers[kind as 'lstm']({ units, ...options } as never);
        return tf.layers.bidirectional({ layer: inner, mergeMode });
      },
    })),
  TimeDistributed: distributed,
  Rescaling: of((options: never) => tf.layers.rescaling(options), anyShape, {
    scale: fc.constantFrom(1 / 255, 2),
    offset: fc.constantFrom(0, -1),
  }),
};
