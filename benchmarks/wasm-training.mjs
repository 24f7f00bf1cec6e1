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
 * Training steps of three networks on one thread: PyTorch, TensorFlow.js on WASM with our kernels, and (the small one only) on its cpu
 * backend. All numbers are milliseconds for 1,000 images. CLOCK=cpu counts processor time instead of wall time: for a shared machine.
 * PYTHON names a Python with torch (default /usr/bin/python3: Debian's python3-torch).
 */
registerTrainingKernels(tf, wasm);
const countsProcessor = process.env.CLOCK === 'cpu';
const rounds = Number(process.env.ROUNDS ?? 9);
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
