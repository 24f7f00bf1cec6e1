// @ts-check
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sideBySide } from './side-by-side.mjs';

/*
 * Matrix products on WASM, thin ones among them, with our kernels and as published. Kernels are registered for a whole process, so each
 * side has one of its own. Milliseconds for 100 products.
 */
/** @type {Readonly<Record<string, readonly [number, number, number]>>} Rows, shared length, columns. */
const products = {
  'one row': [1, 1024, 1024],
  'one column': [1024, 1024, 1],
  'three rows': [3, 1024, 1024],
  square: [256, 256, 256],
};
const times = 100;

const side = process.argv[2];
if (side === undefined) await compare();
else await answer(side);

async function compare() {
  const here = fork(fileURLToPath(import.meta.url), ['here']);
  const published = fork(fileURLToPath(import.meta.url), ['published']);
  const ask = async (/** @type {import('node:child_process').ChildProcess} */ child, name) => {
    const answered = once(child, 'message');
    child.send(name);
    return Number((await answered)[0]);
  };
  for (const [name, [rows, shared, columns]] of Object.entries(products)) {
    await sideBySide({
      title: `${name}: ${times} products of [${rows}, ${shared}] and [${shared}, ${columns}]`,
      contenders: [
        { name: 'wasm as published', run: () => ask(published, name) },
        { name: 'wasm with these kernels', run: () => ask(here, name) },
      ],
      rounds: 15,
      threads: 1,
      packages: ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'],
    });
  }
  here.disconnect();
  published.disconnect();
}

/** @param {string} kernels */
async function answer(kernels) {
  const tf = await import('@tensorflow/tfjs');
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  if (kernels === 'here') {
    const { registerTrainingKernels } = await import('@snapshot-ensemble/tfjs-wasm-training');
    registerTrainingKernels(tf, wasm);
  }
  await tf.setBackend('wasm');
  process.on('message', (name) => {
    const [rows, shared, columns] = products[String(name)];
    const [a, b] = [tf.randomNormal([rows, shared]), tf.randomNormal([shared, columns])];
    a.dataSync();
    const start = performance.now();
    for (let i = 0; i < times; i++) tf.matMul(a, b).dispose();
    process.send?.(performance.now() - start);
    tf.dispose([a, b]);
  });
}
