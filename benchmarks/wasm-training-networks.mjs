// @ts-check
import * as tf from '@tensorflow/tfjs';

const { layers } = tf;

const convolution = (filters, kernelSize, strides = 1) =>
  layers.conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false });

function cnn() {
  const same = { kernelSize: 3, padding: 'same', activation: 'relu' };
  return tf.sequential({
    layers: [
      layers.conv2d({ inputShape: [28, 28, 1], filters: 16, ...same }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d({ filters: 32, ...same }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 10, activation: 'softmax' }),
    ],
  });
}

/** He et al. 2016, section 4.2, with a 1 × 1 convolution and batch norm in the two shortcuts that change the shape. */
function resnet20() {
  const input = tf.input({ shape: [32, 32, 3] });
  const normalize = (x) => layers.batchNormalization().apply(x);
  const relu = (x) => layers.activation({ activation: 'relu' }).apply(x);
  let x = relu(normalize(convolution(16, 3).apply(input)));
  for (const filters of [16, 32, 64])
    for (let block = 0; block < 3; block++) {
      const strides = filters > 16 && block === 0 ? 2 : 1;
      const first = relu(normalize(convolution(filters, 3, strides).apply(x)));
      const second = normalize(convolution(filters, 3).apply(first));
      const shortcut = strides === 1 ? x : normalize(convolution(filters, 1, strides).apply(x));
      x = relu(layers.add().apply([second, shortcut]));
    }
  const pooled = layers.globalAveragePooling2d({}).apply(x);
  const outputs = layers.dense({ units: 10, activation: 'softmax' }).apply(pooled);
  return tf.model({ inputs: input, outputs });
}

/** Sandler et al. 2018, figure 4 (d), without the shortcut: widen, depthwise, narrow. */
function mobile() {
  const widen = { filters: 64, kernelSize: 1, useBias: false };
  return tf.sequential({
    layers: [
      layers.conv2d({ inputShape: [32, 32, 16], ...widen }),
      layers.batchNormalization(),
      layers.reLU({ maxValue: 6 }),
      layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false }),
      layers.batchNormalization(),
      layers.reLU({ maxValue: 6 }),
      layers.conv2d({ filters: 24, kernelSize: 1, useBias: false }),
      layers.batchNormalization(),
      layers.globalAveragePooling2d({}),
      layers.dense({ units: 10, activation: 'softmax' }),
    ],
  });
}

/** What the benchmarks train, with the batch of one step. */
export const networks = [
  { name: 'cnn', make: cnn, shape: [28, 28, 1], batch: 64, steps: 10 },
  { name: 'resnet20', make: resnet20, shape: [32, 32, 3], batch: 32, steps: 2 },
  { name: 'mobile', make: mobile, shape: [32, 32, 16], batch: 32, steps: 2 },
];
