// @ts-check
// The tfjs-node side of wasm-training.mjs: reads "network batch steps", trains, answers with milliseconds for 1,000 images. A process of its
// own, since copies of TensorFlow.js share one engine, and with it the gradients that our kernels bring.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(
  new URL('../conformance/.cache/tfjs-node/package.json', import.meta.url),
);
const { warn } = console;
console.warn = () => {}; // The second copy of tfjs finds every kernel registered.
require('@tensorflow/tfjs-node');
const tf = await import('@tensorflow/tfjs');
const { networks } = await import('./wasm-training-networks.mjs');
console.warn = warn;
await tf.setBackend('tensorflow');

const countsProcessor = process.argv[2] === 'cpu';
const made = new Map();

function now() {
  if (!countsProcessor) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function train(name, batch, steps) {
  if (!made.has(name)) {
    const { make, shape } = networks.find((network) => network.name === name);
    const model = make();
    model.compile({ optimizer: tf.train.sgd(0.05), loss: 'categoricalCrossentropy' });
    const labels = tf.randomUniform([batch], 0, 10, 'int32');
    made.set(name, { model, x: tf.randomNormal([batch, ...shape]), y: tf.oneHot(labels, 10) });
  }
  const { model, x, y } = made.get(name);
  const start = now();
  for (let step = 0; step < steps; step++) await model.trainOnBatch(x, y);
  return ((now() - start) / (steps * batch)) * 1000;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [name, batch, steps] = line.split(' ');
  if (name === 'version') console.log(`${tf.version_core}, backend ${tf.getBackend()}`);
  else console.log(await train(name, Number(batch), Number(steps)));
}
