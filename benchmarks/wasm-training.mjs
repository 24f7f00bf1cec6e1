// @ts-check
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import { registerTrainingKernels } from '@snapshot-ensemble/tfjs-wasm-training';
import { sideBySide } from './side-by-side.mjs';

/*
 * Training steps of three networks on one thread: PyTorch, TensorFlow.js on WASM with our kernels, and (the small one only) on its cpu
 * backend. All numbers are milliseconds for 1,000 images. CLOCK=cpu counts processor time instead of wall time: for a shared machine.
 * PYTHON names a Python with torch (default /usr/bin/python3: Debian's python3-torch).
 */
registerTrainingKernels(tf, wasm);
const countsProcessor = process.env.CLOCK === 'cpu';
const rounds = Number(process.env.ROUNDS ?? 9);
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

/** A contender that trains `steps` batches of `batch` images on a TensorFlow.js backend and returns milliseconds for 1,000 images. */
function onBackend(name, backend, make, shape, batch, steps) {
  /** @type {{ model: tf.LayersModel, x: tf.Tensor, y: tf.Tensor } | undefined} */
  let made;
  return {
    name,
    run: async () => {
      await tf.setBackend(backend);
      if (made === undefined) {
        const model = make();
        model.compile({ optimizer: tf.train.sgd(0.05), loss: 'categoricalCrossentropy' });
        const labels = tf.randomUniform([batch], 0, 10, 'int32');
        made = { model, x: tf.randomNormal([batch, ...shape]), y: tf.oneHot(labels, 10) };
      }
      const { model, x, y } = made;
      const start = now();
      for (let step = 0; step < steps; step++) await model.trainOnBatch(x, y);
      return ((now() - start) / (steps * batch)) * 1000;
    },
  };
}

function now() {
  if (!countsProcessor) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const python = spawn(
  process.env.PYTHON ?? '/usr/bin/python3',
  [fileURLToPath(new URL('wasm-training.py', import.meta.url)), countsProcessor ? 'cpu' : 'wall'],
  { stdio: ['pipe', 'pipe', 'inherit'] },
);
const answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
async function ask(request) {
  python.stdin.write(`${request}\n`);
  const { value, done } = await answers.next();
  if (done)
    throw new Error(
      'PyTorch gave no answer. Install it: apt-get install python3-torch, or set PYTHON.',
    );
  return value;
}

const networks = [
  { name: 'cnn', make: cnn, shape: [28, 28, 1], batch: 64, steps: 10 },
  { name: 'resnet20', make: resnet20, shape: [32, 32, 3], batch: 32, steps: 2 },
  { name: 'mobile', make: mobile, shape: [32, 32, 16], batch: 32, steps: 2 },
];
const chosen = process.argv.slice(2);
const version = await ask('version');
for (const { name, make, shape, batch, steps } of networks) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const contenders = [
    { name: `PyTorch ${version}`, run: async () => Number(await ask(`${name} ${batch} ${steps}`)) },
    onBackend('wasm with these kernels', 'wasm', make, shape, batch, steps),
  ];
  if (name === 'cnn') contenders.push(onBackend('tfjs cpu backend', 'cpu', make, shape, 4, 1));
  await sideBySide({
    title: `${name}: ms per 1,000 images, training (${countsProcessor ? 'processor' : 'wall'} time)`,
    contenders,
    rounds,
    threads: 1,
    packages: ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'],
  });
}
python.stdin.end();
