import type { HostTensors } from '../src/index.ts';
import { generator } from '../src/parity/random.ts';
import { tf } from './tfjs.ts';

type Tensor = tf.SymbolicTensor;
const apply = (layer: tf.layers.Layer, ...inputs: Tensor[]): Tensor =>
  layer.apply(inputs.length === 1 ? inputs[0]! : inputs) as Tensor;

function conv(
  x: Tensor,
  filters: number,
  options: { size?: number; strides?: number; relu?: boolean } = {},
): Tensor {
  const { size = 3, strides = 1, relu = true } = options;
  const padded = { filters, kernelSize: size, strides, padding: 'same', useBias: false } as const;
  const normal = apply(tf.layers.batchNormalization(), apply(tf.layers.conv2d(padded), x));
  return relu ? apply(tf.layers.reLU(), normal) : normal;
}

/** He et al. 2016, §4.2, with n blocks per stage and fewer filters. */
function resNet20(): tf.LayersModel {
  const input = tf.input({ shape: [16, 16, 3], name: 'image' });
  let x = conv(input, 8);
  for (const [stage, filters] of [8, 16, 32].entries())
    for (let block = 0; block < 3; block++) {
      const strides = stage > 0 && block === 0 ? 2 : 1;
      const shortcut = strides === 1 ? x : conv(x, filters, { size: 1, strides, relu: false });
      const inner = conv(conv(x, filters, { strides }), filters, { relu: false });
      x = apply(tf.layers.reLU(), apply(tf.layers.add(), inner, shortcut));
    }
  const pooled = apply(tf.layers.globalAveragePooling2d({}), x);
  const output = apply(tf.layers.dense({ units: 10, name: 'logits' }), pooled);
  return tf.model({ inputs: input, outputs: output });
}

/** He et al. 2016, table 1, 50 layers: all blocks, a sixteenth of the filters. */
function resNet50(): tf.LayersModel {
  const input = tf.input({ shape: [32, 32, 3], name: 'image' });
  let x = conv(input, 4, { size: 7, strides: 2 });
  x = apply(tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }), x);
  const stages = [
    [3, 4],
    [4, 8],
    [6, 16],
    [3, 32],
  ] as const;
  for (const [stage, [blocks, filters]] of stages.entries())
    for (let block = 0; block < blocks; block++) {
      const strides = stage > 0 && block === 0 ? 2 : 1;
      const shortcut = block === 0 ? conv(x, filters * 4, { size: 1, strides, relu: false }) : x;
      const narrow = conv(conv(x, filters, { size: 1, strides }), filters);
      const inner = conv(narrow, filters * 4, { size: 1, relu: false });
      x = apply(tf.layers.reLU(), apply(tf.layers.add(), inner, shortcut));
    }
  const pooled = apply(tf.layers.globalAveragePooling2d({}), x);
  return tf.model({
    inputs: input,
    outputs: apply(tf.layers.dense({ units: 10, name: 'logits' }), pooled),
  });
}

/** Inverted residuals. Sandler et al. 2018, §3.4. */
function mobileNetV2(): tf.LayersModel {
  const input = tf.input({ shape: [16, 16, 3], name: 'image' });
  const relu6 = (x: Tensor): Tensor => apply(tf.layers.reLU({ maxValue: 6 }), x);
  const norm = (x: Tensor): Tensor => apply(tf.layers.batchNormalization(), x);
  const block = (x: Tensor, filters: number, strides: number): Tensor => {
    const width = x.shape.at(-1)! * 4;
    const wide = relu6(conv(x, width, { size: 1, relu: false }));
    const padded =
      strides === 1
        ? wide
        : apply(
            tf.layers.zeroPadding2d({
              padding: [
                [0, 1],
                [0, 1],
              ],
            }),
            wide,
          );
    const depthwise = tf.layers.depthwiseConv2d({
      kernelSize: 3,
      strides,
      padding: strides === 1 ? 'same' : 'valid',
      useBias: false,
    });
    const narrow = conv(relu6(norm(apply(depthwise, padded))), filters, { size: 1, relu: false });
    return strides === 1 && x.shape.at(-1) === filters ? apply(tf.layers.add(), x, narrow) : narrow;
  };
  let x = relu6(conv(input, 8, { relu: false }));
  for (const [filters, strides] of [
    [8, 1],
    [12, 2],
    [12, 1],
    [16, 2],
    [16, 1],
  ] as const)
    x = block(x, filters, strides);
  const pooled = apply(tf.layers.globalAveragePooling2d({}), x);
  return tf.model({
    inputs: input,
    outputs: apply(tf.layers.dense({ units: 5, name: 'logits' }), pooled),
  });
}

function inception(): tf.LayersModel {
  const input = tf.input({ shape: [12, 12, 6], name: 'image' });
  const pooled = apply(tf.layers.maxPooling2d({ poolSize: 3, strides: 1, padding: 'same' }), input);
  const branches = [
    conv(input, 4, { size: 1 }),
    conv(conv(input, 3, { size: 1 }), 4),
    conv(conv(input, 3, { size: 1 }), 4, { size: 5 }),
    conv(pooled, 4, { size: 1 }),
  ];
  const joined = apply(tf.layers.concatenate(), ...branches);
  return tf.model({
    inputs: input,
    outputs: apply(tf.layers.dense({ units: 4, name: 'out' }), apply(tf.layers.flatten(), joined)),
  });
}

function denseNet(): tf.LayersModel {
  const input = tf.input({ shape: [8, 8, 4], name: 'image' });
  let x = input;
  for (let layer = 0; layer < 4; layer++) {
    const ready = apply(tf.layers.reLU(), apply(tf.layers.batchNormalization(), x));
    const grown = apply(tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same' }), ready);
    x = apply(tf.layers.concatenate(), x, grown);
  }
  const halved = apply(tf.layers.averagePooling2d({ poolSize: 2 }), x);
  return tf.model({
    inputs: input,
    outputs: apply(tf.layers.globalMaxPooling2d({ name: 'out' }), halved),
  });
}

function uNet(): tf.LayersModel {
  const input = tf.input({ shape: [16, 16, 2], name: 'image' });
  const pool = (x: Tensor): Tensor => apply(tf.layers.maxPooling2d({ poolSize: 2 }), x);
  const one = conv(input, 4);
  const two = conv(pool(one), 8);
  const bottom = conv(pool(two), 16);
  const up = apply(tf.layers.conv2dTranspose({ filters: 8, kernelSize: 2, strides: 2 }), bottom);
  const upTwo = conv(apply(tf.layers.concatenate(), two, up), 8);
  const larger = apply(tf.layers.upSampling2d({ size: [2, 2], interpolation: 'bilinear' }), upTwo);
  const upOne = conv(apply(tf.layers.concatenate(), one, larger), 4);
  const mask = tf.layers.conv2d({ filters: 1, kernelSize: 1, activation: 'sigmoid', name: 'mask' });
  return tf.model({ inputs: input, outputs: apply(mask, upOne) });
}

function tagger(): tf.LayersModel {
  const ids = tf.input({ shape: [7], name: 'ids' });
  const words = apply(tf.layers.embedding({ inputDim: 20, outputDim: 6, maskZero: true }), ids);
  const lstm = tf.layers.lstm({ units: 5, returnSequences: true });
  const read = apply(tf.layers.bidirectional({ layer: lstm, mergeMode: 'concat' }), words);
  const head = tf.layers.timeDistributed({
    layer: tf.layers.dense({ units: 4, activation: 'softmax' }),
    name: 'tags',
  });
  return tf.model({ inputs: ids, outputs: apply(head, read) });
}

function sequenceToSequence(): tf.LayersModel {
  const [source, target] = [
    tf.input({ shape: [6], name: 'source' }),
    tf.input({ shape: [5], name: 'target' }),
  ];
  const embed = (x: Tensor): Tensor =>
    apply(tf.layers.embedding({ inputDim: 20, outputDim: 4, maskZero: true }), x);
  const [, h, c] = tf.layers.lstm({ units: 6, returnState: true }).apply(embed(source)) as Tensor[];
  const decoder = tf.layers.lstm({ units: 6, returnSequences: true });
  const decoded = decoder.apply([embed(target), h!, c!]) as Tensor;
  return tf.model({
    inputs: [source, target],
    outputs: apply(tf.layers.dense({ units: 20, activation: 'softmax', name: 'next' }), decoded),
  });
}

function autoencoder(): tf.LayersModel {
  const coder = tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, activation: 'elu', inputShape: [12] }),
      tf.layers.dense({ units: 3, activation: 'tanh', name: 'code' }),
    ],
  });
  const decoder = tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, activation: 'selu', inputShape: [3] }),
      tf.layers.dense({ units: 12, activation: 'sigmoid', name: 'values' }),
    ],
  });
  const input = tf.input({ shape: [12], name: 'values_in' });
  const code = coder.apply(input) as Tensor;
  return tf.model({ inputs: input, outputs: [decoder.apply(code) as Tensor, code] });
}

function sharedAndNested(): tf.LayersModel {
  const [left, right] = [
    tf.input({ shape: [8, 8, 2], name: 'left' }),
    tf.input({ shape: [8, 8, 2], name: 'right' }),
  ];
  const tower = tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 2] }),
      tf.layers.globalAveragePooling2d({}),
    ],
    name: 'tower',
  });
  const dense = tf.layers.dense({ units: 4, activation: 'tanh' });
  const [a, b] = [left, right].map((input) => dense.apply(tower.apply(input)) as Tensor) as [
    Tensor,
    Tensor,
  ];
  const near = apply(tf.layers.dot({ axes: 1, normalize: true, name: 'similarity' }), a, b);
  return tf.model({
    inputs: [left, right],
    outputs: [near, apply(tf.layers.maximum({ name: 'most' }), a, b)],
  });
}

/** tfjs executes the masked branch first and hands its mask to the plain one. */
function leakingMask(): tf.LayersModel {
  const inputs = ['source', 'target'].map((name) => tf.input({ shape: [6], name }));
  const branches = inputs.map((input, index) => {
    const embedding = tf.layers.embedding({ inputDim: 20, outputDim: 3, maskZero: index === 1 });
    return apply(tf.layers.lstm({ units: 3 }), apply(embedding, input));
  });
  return tf.model({ inputs, outputs: apply(tf.layers.concatenate({ name: 'both' }), ...branches) });
}

function convolutionAndSequence(): tf.LayersModel {
  const input = tf.input({ shape: [12, 3], name: 'signal' });
  const features = apply(
    tf.layers.conv1d({ filters: 6, kernelSize: 3, padding: 'same', activation: 'relu' }),
    input,
  );
  const shorter = apply(tf.layers.maxPooling1d({ poolSize: 2 }), features);
  const cells = [tf.layers.lstmCell({ units: 5 }), tf.layers.gruCell({ units: 4 })];
  const read = apply(tf.layers.rnn({ cell: cells, goBackwards: true }), shorter);
  return tf.model({
    inputs: input,
    outputs: apply(tf.layers.dense({ units: 2, name: 'out' }), read),
  });
}

/** Frames to frames, and the last state to classes. Shi et al. 2015. */
function convLstm(): tf.LayersModel {
  const input = tf.input({ shape: [4, 8, 8, 2], name: 'frames' });
  const options = { kernelSize: 3, padding: 'same' } as const;
  const first = tf.layers.convLstm2d({ ...options, filters: 4, returnSequences: true });
  const second = tf.layers.convLstm2d({ ...options, filters: 3 });
  // tfjs normalizes batches of frames only frame by frame.
  const norm = tf.layers.timeDistributed({ layer: tf.layers.batchNormalization() });
  const normal = apply(norm, apply(first, input));
  const last = apply(tf.layers.globalAveragePooling2d({}), apply(second, normal));
  return tf.model({
    inputs: input,
    outputs: apply(tf.layers.dense({ units: 3, name: 'out' }), last),
  });
}

/** Models deep enough for rounding to add up. Heads give logits: the softmax of random weights saturates and hides errors. */
export const architectures: Readonly<Record<string, () => tf.LayersModel>> = {
  'ResNet-20': resNet20,
  'ResNet-50': resNet50,
  MobileNetV2: mobileNetV2,
  Inception: inception,
  DenseNet: denseNet,
  'U-Net': uNet,
  'BiLSTM tagger': tagger,
  'sequence to sequence': sequenceToSequence,
  ConvLSTM: convLstm,
  autoencoder,
  'shared and nested': sharedAndNested,
  'convolution and sequence': convolutionAndSequence,
  'leaking mask': leakingMask,
};

/** Inputs that hold token ids. */
const idInputs: ReadonlySet<string> = new Set(['ids', 'source', 'target']);

/** Inputs of so many rows; token ids with padding, or values around zero. */
export function feeds(model: tf.LayersModel, rows: number): HostTensors {
  const random = generator(rows);
  return Object.fromEntries(
    model.inputs.map((input, index) => {
      const name = model.inputNames[index]!;
      const shape = [rows, ...(input.shape.slice(1) as number[])];
      const length = shape.reduce((product, dim) => product * dim, 1);
      const draw = (): number =>
        idInputs.has(name)
          ? Math.floor(random() * 20) * (random() < 0.4 ? 0 : 1)
          : random() * 4 - 2;
      return [name, { data: Float32Array.from({ length }, draw), shape }];
    }),
  );
}
