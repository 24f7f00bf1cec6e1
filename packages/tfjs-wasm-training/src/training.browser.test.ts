import * as tf from '@tensorflow/tfjs';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import { beforeAll, expect, it } from 'vitest';
import { instantiate, memoryOf } from './native.ts';
import { registerTrainingKernels } from './register.ts';

beforeAll(async () => {
  wasm.setWasmPaths({
    'tfjs-backend-wasm.wasm': plain,
    'tfjs-backend-wasm-simd.wasm': simd,
    'tfjs-backend-wasm-threaded-simd.wasm': threaded,
  });
  registerTrainingKernels(tf, wasm);
  await tf.setBackend('wasm');
});

it('trains convolution, batch norm and pooling in a browser as the cpu backend does', async () => {
  const gradients = (): number[][] =>
    tf.tidy(() => {
      const x = tf.randomUniform([2, 6, 7, 3], -1, 1, 'float32', 1);
      const filter = tf.randomUniform([3, 3, 3, 5], -1, 1, 'float32', 2);
      const loss = (a: tf.Tensor, w: tf.Tensor): tf.Tensor =>
        tf.maxPool(tf.conv2d(a as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'), 2, 2, 'same').square();
      return tf
        .grads(loss)([x, filter])
        .map((gradient) => [...gradient.dataSync()]);
    });
  await tf.setBackend('cpu');
  const expected = gradients();
  await tf.setBackend('wasm');
  const actual = gradients();
  expected.flat().forEach((value, i) => {
    expect(actual.flat()[i]).toBeCloseTo(value, 3);
  });
});

it('takes a memory that threads share', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
  const module = { _malloc: () => 0, _free: () => undefined, wasmMemory: memory };
  expect(memoryOf(module)).toBe(memory);
  const native = instantiate(module);
  new Float32Array(memory.buffer, 0, 6).set([1, 2, 3, 4, 5, 6]);
  native.sum(0, 64, 128, 1, 2, 3);
  expect([...new Float32Array(memory.buffer, 64, 3)]).toEqual([5, 7, 9]);
});
