import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { instantiate } from '../src/native.ts';

/** Runs built output: a thread cannot load TypeScript, nor may it inherit the condition that leads to it. `before` runs before registration. */
const program = (before: string): string => `
  const { parentPort } = require('node:worker_threads');
  (async () => {
    const tf = await import('@tensorflow/tfjs');
    const wasm = await import('@tensorflow/tfjs-backend-wasm');
    const { registerTrainingKernels } = await import('@snapshot-ensemble/tfjs-wasm-training');
    ${before}
    registerTrainingKernels(tf.default ?? tf, wasm.default ?? wasm);
    await tf.setBackend('wasm');
    const gradient = tf.grad((x) => tf.maxPool(x, 2, 2, 'valid'))(tf.tensor4d([-4, -1, -3, -2], [1, 2, 2, 1]));
    parentPort.postMessage([...gradient.dataSync()]);
  })().catch((error) => parentPort.postMessage(error.code));
`;

async function answerOf(source: string): Promise<unknown> {
  const worker = new Worker(source, { eval: true, execArgv: [], stderr: true });
  const [message] = (await once(worker, 'message')) as [unknown];
  await worker.terminate();
  return message;
}

it('works in a worker thread', async () => {
  expect(await answerOf(program(''))).toEqual([0, 1, 0, 0]);
});

it('works on the backend that is built without SIMD', async () => {
  const withoutSimd = "tf.env().set('WASM_HAS_SIMD_SUPPORT', false);";
  expect(await answerOf(program(withoutSimd))).toEqual([0, 1, 0, 0]);
});

it('says that it needs SIMD in an engine that has none', async () => {
  // Stands for an old engine: Node has no switch for it.
  expect(await answerOf(program('WebAssembly.validate = () => false;'))).toBe('simd');
});

it('takes a memory that threads share', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
  const native = instantiate({ _malloc: () => 0, _free: () => undefined, wasmMemory: memory });
  new Float32Array(memory.buffer, 0, 6).set([1, 2, 3, 4, 5, 6]);
  native.sum(0, 64, 128, 1, 2, 3);
  expect([...new Float32Array(memory.buffer, 64, 3)]).toEqual([5, 7, 9]);
});
