// @ts-check
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import { registerTrainingKernels } from '@snapshot-ensemble/tfjs-wasm-training';
import { sideBySide } from './side-by-side.mjs';
import { networks } from './wasm-training-networks.mjs';

/*
 * Training steps of three networks: PyTorch, TensorFlow.js on WASM with our kernels, and on its cpu backend (a few images at a time; the
 * small network only, unless CPU_BACKEND=all; none with CPU_BACKEND=0); with NATIVE=1 on tfjs-node as well, which
 * `npm run conformance long tfjs-node` builds. All numbers are milliseconds for 1,000 images. CLOCK=cpu counts processor time instead of
 * wall time: for a shared machine. PYTHON names a Python with torch (default /usr/bin/python3: Debian's python3-torch), THREADS how many
 * threads it takes; TensorFlow takes what it finds: `taskset -c 0` gives it one.
 */
registerTrainingKernels(tf, wasm);
const countsProcessor = process.env.CLOCK === 'cpu';
const rounds = Number(process.env.ROUNDS ?? 9);
const threads = Number(process.env.THREADS ?? 1);

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

/** A process that answers line by line; `advice` says what to do if it does not. */
function peer(command, args, advice) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (request) => {
      child.stdin.write(`${request}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`${command} gave no answer. ${advice}`);
      return value;
    },
    close: () => child.stdin.end(),
  };
}

const beside = (name) => fileURLToPath(new URL(name, import.meta.url));
const clock = countsProcessor ? 'cpu' : 'wall';
const torch = peer(
  process.env.PYTHON ?? '/usr/bin/python3',
  [beside('wasm-training.py'), clock, String(threads)],
  'PyTorch is needed: apt-get install python3-torch, or set PYTHON.',
);
const native =
  process.env.NATIVE === '1'
    ? peer(
        process.execPath,
        [beside('wasm-training-native.mjs'), clock],
        'Build tfjs-node first: npm run conformance long tfjs-node.',
      )
    : undefined;

const chosen = process.argv.slice(2);
const torchVersion = await torch.ask('version');
const nativeVersion = await native?.ask('version');
for (const { name, make, shape, batch, steps } of networks) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const contenders = [
    {
      name: `PyTorch ${torchVersion}`,
      run: async () => Number(await torch.ask(`${name} ${batch} ${steps}`)),
    },
    onBackend('wasm with these kernels', 'wasm', make, shape, batch, steps),
  ];
  if (native !== undefined)
    contenders.push({
      name: `tfjs-node ${nativeVersion}`,
      run: async () => Number(await native.ask(`${name} ${batch} ${steps}`)),
    });
  const isSmall = name === 'cnn';
  if (process.env.CPU_BACKEND === 'all' || (isSmall && process.env.CPU_BACKEND !== '0'))
    contenders.push(onBackend('tfjs cpu backend', 'cpu', make, shape, isSmall ? 4 : 1, 1));
  await sideBySide({
    title: `${name}: ms per 1,000 images, training (${countsProcessor ? 'processor' : 'wall'} time)`,
    contenders,
    rounds,
    threads,
    packages: ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'],
  });
}
torch.close();
native?.close();
