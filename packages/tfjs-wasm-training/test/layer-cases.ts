import { tf } from './backends.ts';

/** One line of the layer table: what is trained one step, on which inputs. */
export interface LayerCase {
  readonly layer: string;
  readonly options: string;
  readonly make: () => tf.layers.Layer;
  /** Shapes with the batch; several for a layer that merges. */
  readonly inputs: readonly (readonly number[])[];
  /**
   * Who judges the gradient: the cpu backend; finite differences, where the cpu backend refuses or is wrong itself; or nobody,
   * since TensorFlow.js cannot train it on any backend: then what it says.
   */
  readonly judge: 'cpu' | 'finite differences' | RegExp;
  /** Inputs are whole numbers in [0, classes) and have no gradient. */
  readonly classes?: number;
}

type Options = Readonly<Record<string, unknown>>;
type Maker = (options: never) => tf.layers.Layer;

/** A case for each set of options, written in the table as they are in code. */
function each(
  layer: string,
  make: Maker,
  inputs: LayerCase['inputs'],
  base: Options,
  variants: readonly Options[],
  judge: (options: Options) => LayerCase['judge'] = () => 'cpu',
): LayerCase[] {
  return variants.map((variant) => ({
    layer,
    options: Object.entries({ ...base, ...variant })
      .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
      .join(', '),
    make: () => make({ ...base, ...variant } as never),
    inputs,
    judge: judge({ ...base, ...variant }),
  }));
}

const byDifferences = () => 'finite differences' as const;
const ofDilated = (options: Options) =>
  options['dilationRate'] === undefined ? 'cpu' : 'finite differences';
const ofAverage = (options: Options) =>
  options['padding'] === 'same' ? 'finite differences' : 'cpu';
const isPartial = (options: Options) => options['scale'] === false || options['center'] === false;
// In training this layer reads its scale and its offset, whether it has them or not.
const ofBatchNorm = (options: Options) => (isPartial(options) ? /reading 'read'/ : 'cpu');
// TensorFlow.js cannot record a missing scale or offset.
const ofLayerNorm = (options: Options) => (isPartial(options) ? 'finite differences' : 'cpu');

const { layers } = tf;
const activations = [
  ...['elu', 'hardSigmoid', 'linear', 'relu', 'relu6', 'selu', 'sigmoid', 'softmax', 'softplus'],
  ...['softsign', 'tanh', 'swish', 'mish', 'gelu', 'gelu_new'],
];
const image = [[2, 6, 7, 3]];
const evenImage = [[3, 6, 8, 4]];
const line = [[2, 9, 3]];
const volume = [[2, 5, 4, 6, 2]];
const rows = [[3, 5]];
const sequence = [[2, 4, 3]];
const film = [[2, 3, 5, 5, 2]];

const windows = (sizes: readonly number[], strides: readonly number[]): Options[] =>
  sizes.flatMap((kernelSize) =>
    strides.flatMap((stride) => [
      { kernelSize, strides: stride, padding: 'same' },
      { kernelSize, strides: stride, padding: 'valid' },
    ]),
  );
const pools = (sizes: readonly number[], strides: readonly number[]): Options[] =>
  windows(sizes, strides).map(({ kernelSize, ...rest }) => ({ poolSize: kernelSize, ...rest }));
const recurrent: Options[] = [
  {},
  { returnSequences: true },
  { goBackwards: true },
  { activation: 'relu', useBias: false },
  { unroll: true },
];

const dense: LayerCase[] = [
  ...each('Dense', layers.dense, rows, { units: 4 }, [
    {},
    { useBias: false },
    { activation: 'tanh', kernelRegularizer: 'l1l2' },
  ]),
  ...each('Dense', layers.dense, sequence, { units: 4 }, [{ activation: 'softmax' }]),
  ...each(
    'Activation',
    layers.activation,
    rows,
    {},
    activations.map((activation) => ({ activation })),
  ),
  ...each('ReLU', layers.reLU, rows, {}, [{}, { maxValue: 0.5 }]),
  ...each('LeakyReLU', layers.leakyReLU, rows, {}, [{}, { alpha: 0.1 }]),
  ...each('PReLU', layers.prelu, image, {}, [
    { alphaInitializer: 'ones' },
    { alphaInitializer: 'ones', sharedAxes: [1, 2] },
    { alphaInitializer: 'ones', sharedAxes: [2, 3] },
  ]),
  ...each('ELU', layers.elu, rows, {}, [{}]),
  ...each('ThresholdedReLU', layers.thresholdedReLU, rows, {}, [{ theta: 0.2 }]),
  ...each('Softmax', layers.softmax, rows, {}, [{}, { axis: 1 }]),
];

const convolutions: LayerCase[] = [
  ...each(
    'Conv1D',
    layers.conv1d,
    line,
    { filters: 4 },
    [
      ...windows([1, 3], [1, 2]),
      { kernelSize: 3, dilationRate: 2, activation: 'elu' },
      { kernelSize: 3, dilationRate: 2 },
    ],
    ofDilated,
  ),
  ...each(
    'Conv2D',
    layers.conv2d,
    image,
    { filters: 5 },
    [
      ...windows([1, 2, 3, 5], [1, 2, 3]),
      { kernelSize: 3, activation: 'relu' },
      { kernelSize: 3, activation: 'elu', useBias: false },
      { kernelSize: 3, dilationRate: 2, activation: 'elu' },
      { kernelSize: 2, dilationRate: [1, 3], padding: 'same', activation: 'tanh' },
      { kernelSize: 3, dilationRate: 2 },
    ],
    ofDilated,
  ),
  ...each(
    'Conv2D',
    layers.conv2d,
    evenImage,
    { filters: 8 },
    windows([3, [2, 3] as never], [1, 2]),
  ),
  ...each('Conv2DTranspose', layers.conv2dTranspose, image, { filters: 4 }, [
    ...windows([1, 2, 3], [1, 2]),
    { kernelSize: 3, activation: 'relu' },
  ]),
  ...each('Conv3D', layers.conv3d, volume, { filters: 3 }, [
    ...windows([1, 2, 3], [1, 2]),
    { kernelSize: 2, activation: 'relu' },
  ]),
  ...each('Conv3DTranspose', layers.conv3dTranspose, volume, { filters: 2 }, windows([2], [1, 2])),
  ...each('SeparableConv2D', layers.separableConv2d, image, { filters: 4 }, [
    ...windows([2, 3], [1, 2]),
    { kernelSize: 3, depthMultiplier: 2 },
  ]),
  ...each(
    'DepthwiseConv2D',
    layers.depthwiseConv2d,
    image,
    {},
    [
      ...windows([1, 2, 3, 5], [1, 2, 3]),
      { kernelSize: 3, depthMultiplier: 2 },
      { kernelSize: 3, activation: 'relu6' },
      { kernelSize: 3, dilationRate: 2 },
    ],
    ofDilated,
  ),
  ...each('DepthwiseConv2D', layers.depthwiseConv2d, evenImage, {}, windows([3], [1, 2])),
  ...each('Cropping2D', layers.cropping2D, image, {}, [
    {
      cropping: [
        [1, 2],
        [0, 3],
      ],
    },
  ]),
  ...each('ZeroPadding2D', layers.zeroPadding2d, image, {}, [
    {},
    {
      padding: [
        [1, 2],
        [0, 3],
      ],
    },
  ]),
  ...each(
    'UpSampling2D',
    layers.upSampling2d,
    image,
    {},
    [{}, { size: [3, 2] }, { size: [2, 3], interpolation: 'bilinear' }],
    byDifferences,
  ),
];

const pooling: LayerCase[] = [
  ...each('MaxPooling1D', layers.maxPooling1d, line, {}, pools([2, 3], [1, 2, 3])),
  ...each(
    'AveragePooling1D',
    layers.averagePooling1d,
    line,
    {},
    pools([2, 3], [1, 2, 3]),
    ofAverage,
  ),
  ...[image, evenImage].flatMap((inputs) => [
    ...each('MaxPooling2D', layers.maxPooling2d, inputs, {}, pools([1, 2, 3], [1, 2, 3])),
    ...each(
      'AveragePooling2D',
      layers.averagePooling2d,
      inputs,
      {},
      pools([1, 2, 3], [1, 2, 3]),
      ofAverage,
    ),
  ]),
  ...each('MaxPooling3D', layers.maxPooling3d, volume, {}, pools([2, 3], [1, 2])),
  ...each(
    'AveragePooling3D',
    layers.averagePooling3d,
    volume,
    {},
    pools([2, 3], [1, 2]),
    ofAverage,
  ),
  ...each('GlobalMaxPooling1D', layers.globalMaxPooling1d, line, {}, [{}]),
  ...each('GlobalAveragePooling1D', layers.globalAveragePooling1d, line, {}, [{}]),
  ...each('GlobalMaxPooling2D', layers.globalMaxPooling2d, image, {}, [{}]),
  ...each('GlobalAveragePooling2D', layers.globalAveragePooling2d, image, {}, [{}]),
];

const shapes: LayerCase[] = [
  ...each('Flatten', layers.flatten, image, {}, [{}]),
  ...each('Reshape', layers.reshape, rows, {}, [{ targetShape: [5, 1] }]),
  ...each('Permute', layers.permute, image, {}, [{ dims: [3, 1, 2] }]),
  ...each('RepeatVector', layers.repeatVector, rows, {}, [{ n: 3 }]),
  ...each('Masking', layers.masking, sequence, {}, [{ maskValue: 0 }]),
  {
    layer: 'Embedding',
    options: 'inputDim 6, outputDim 3',
    make: () => layers.embedding({ inputDim: 6, outputDim: 3 }),
    inputs: [[3, 5]],
    judge: 'cpu',
    classes: 6,
  },
  {
    layer: 'Embedding',
    options: 'inputDim 5, outputDim 4, maskZero true',
    make: () => layers.embedding({ inputDim: 5, outputDim: 4, maskZero: true }),
    inputs: [[2, 7]],
    judge: 'cpu',
    classes: 5,
  },
];

const three = [image[0]!, image[0]!, image[0]!];
const merging: LayerCase[] = [
  ...each('Add', layers.add, three, {}, [{}]),
  ...each('Multiply', layers.multiply, three, {}, [{}]),
  ...each('Average', layers.average, three, {}, [{}]),
  ...each('Maximum', layers.maximum, three, {}, [{}]),
  ...each('Minimum', layers.minimum, three, {}, [{}]),
  ...each('Concatenate', layers.concatenate, three, {}, [{}, { axis: 1 }]),
  ...each('Dot', layers.dot, [rows[0]!, rows[0]!], {}, [
    { axes: 1 },
    { axes: -1, normalize: true },
  ]),
  ...each('Dot', layers.dot, [sequence[0]!, sequence[0]!], {}, [{ axes: 2 }]),
];

const normalizing: LayerCase[] = [
  ...each(
    'BatchNormalization',
    layers.batchNormalization,
    image,
    {},
    [{}, { scale: false }, { center: false }, { scale: false, center: false }],
    ofBatchNorm,
  ),
  ...each('BatchNormalization', layers.batchNormalization, rows, {}, [{ momentum: 0.5 }]),
  ...each(
    'LayerNormalization',
    layers.layerNormalization,
    rows,
    {},
    [{}, { scale: false }, { center: false }, { scale: false, center: false }],
    ofLayerNorm,
  ),
  ...each('LayerNormalization', layers.layerNormalization, image, {}, [{ axis: [1, 2, 3] }]),
  ...each('Dropout', layers.dropout, rows, {}, [{ rate: 0.5, seed: 3 }]),
  ...each('SpatialDropout1D', layers.spatialDropout1d, line, {}, [{ rate: 0.5, seed: 3 }]),
];

const recurring: LayerCase[] = [
  ...each('SimpleRNN', layers.simpleRNN, sequence, { units: 3 }, recurrent),
  ...each('GRU', layers.gru, sequence, { units: 3 }, [...recurrent, { resetAfter: false }]),
  ...each('LSTM', layers.lstm, sequence, { units: 3 }, [...recurrent, { unitForgetBias: false }]),
  ...each('ConvLSTM2D', layers.convLstm2d, film, { filters: 2, kernelSize: 3 }, [
    { padding: 'same' },
    { padding: 'valid', returnSequences: true },
    { padding: 'same', strides: 2 },
  ]),
  {
    layer: 'RNN',
    options: 'cell StackedRNNCells of GRUCell and LSTMCell',
    make: () =>
      layers.rnn({
        cell: layers.stackedRNNCells({
          cells: [layers.gruCell({ units: 3 }), layers.lstmCell({ units: 2 })],
        }),
      }),
    inputs: sequence,
    judge: 'cpu' as const,
  },
  {
    layer: 'RNN',
    options: 'cell SimpleRNNCell',
    make: () => layers.rnn({ cell: layers.simpleRNNCell({ units: 3 }) }),
    inputs: sequence,
    judge: 'cpu' as const,
  },
  {
    layer: 'RNN',
    options: 'cell ConvLSTM2DCell',
    make: () => layers.convLstm2d({ filters: 1, kernelSize: 2, dataFormat: 'channelsLast' }),
    inputs: film,
    judge: 'cpu' as const,
  },
  ...['sum', 'mul', 'concat', 'ave'].map((mergeMode) => ({
    layer: 'Bidirectional',
    options: `LSTM, mergeMode ${mergeMode}`,
    make: () =>
      layers.bidirectional({
        layer: layers.lstm({ units: 2, returnSequences: true }),
        mergeMode: mergeMode as never,
      }),
    inputs: sequence,
    judge: 'cpu' as const,
  })),
  {
    layer: 'TimeDistributed',
    options: 'Dense',
    make: () => layers.timeDistributed({ layer: layers.dense({ units: 2 }) }),
    inputs: sequence,
    judge: 'cpu' as const,
  },
  {
    layer: 'TimeDistributed',
    options: 'Conv2D',
    make: () => layers.timeDistributed({ layer: layers.conv2d({ filters: 2, kernelSize: 3 }) }),
    inputs: film,
    judge: 'cpu' as const,
  },
];

/** Every layer class of tfjs-layers 4.22 that has weights or passes a gradient on, with the options that change its kernels. */
export const layerCases: readonly LayerCase[] = [
  ...dense,
  ...convolutions,
  ...pooling,
  ...shapes,
  ...merging,
  ...normalizing,
  ...recurring,
];
