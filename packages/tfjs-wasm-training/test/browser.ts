import * as tf from '@tensorflow/tfjs';
import * as wasm from '@tensorflow/tfjs-backend-wasm';
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import type { WasmBackend } from '../src/backend.ts';
import { memoryOf } from '../src/native.ts';
import { registerTrainingKernels } from '../src/register.ts';
import { noise, relativeError } from './backends.ts';

/** What a page or a worker found out about training in it. */
export interface Found {
  /** Whether the backend runs threads on a shared memory. */
  readonly isShared: boolean;
  /** Largest relative difference between the cpu backend's gradients and ours. */
  readonly gradientError: number;
  /** Losses of the first and the last epoch of a small network. */
  readonly losses: readonly [number, number];
}

function gradients(): Float32Array[] {
  return tf.tidy(() => {
    const tensor = (shape: number[], seed: number): tf.Tensor =>
      tf.tensor(noise(tf.util.sizeFromShape(shape), seed + 1), shape);
    const network = (...xs: tf.Tensor[]): tf.Tensor => {
      const [x, w, square, depthwise, offset, scale] = xs as never[];
      const wide = tf.conv2d(tf.conv2d(x!, w!, 1, 'same'), square!, 1, 'same') as tf.Tensor4D;
      const each = tf.depthwiseConv2d(wide, depthwise!, 2, 'same');
      const { mean, variance } = tf.moments(each, [0, 1, 2]);
      const normalized = tf.batchNorm(each, mean as never, variance as never, offset, scale);
      return tf.maxPool(normalized, 2, 1, 'same').square();
    };
    const shapes = [[2, 9, 7, 3], [3, 3, 3, 8], [3, 3, 8, 8], [3, 3, 8, 1], [8], [8]];
    const inputs = shapes.map(tensor);
    return tf
      .grads(network)(inputs)
      .map((gradient) => gradient.dataSync() as Float32Array);
  });
}

async function losses(): Promise<[number, number]> {
  const { layers } = tf;
  // A worker sees no seeded Math.random: weights and order are the same in every run by themselves.
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 1 });
  const model = tf.sequential({
    layers: [
      layers.conv2d({
        inputShape: [8, 8, 1],
        filters: 4,
        kernelSize: 3,
        padding: 'same',
        kernelInitializer,
      }),
      layers.batchNormalization(),
      layers.reLU(),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 2, activation: 'softmax', kernelInitializer }),
    ],
  });
  model.compile({ optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy' });
  const classes = tf.range(0, 16, 1, 'int32').mod(tf.scalar(2, 'int32'));
  const brightness = classes.toFloat().reshape([16, 1, 1, 1]);
  const xs = tf.tensor(noise(1024, 5), [16, 8, 8, 1]).mul(0.2).add(brightness);
  const { history } = await model.fit(xs, tf.oneHot(classes, 2), {
    epochs: 8,
    batchSize: 8,
    shuffle: false,
  });
  const all = history['loss'] as number[];
  return [all[0]!, all.at(-1)!];
}

/** Starts the WASM backend as a page does, and trains. */
export async function tryTraining(): Promise<Found> {
  wasm.setWasmPaths({
    'tfjs-backend-wasm.wasm': plain,
    'tfjs-backend-wasm-simd.wasm': simd,
    'tfjs-backend-wasm-threaded-simd.wasm': threaded,
  });
  registerTrainingKernels(tf, wasm);
  await tf.setBackend('cpu');
  const expected = gradients();
  await tf.setBackend('wasm');
  const actual = gradients();
  const { buffer } = memoryOf((tf.backend() as unknown as WasmBackend).wasm);
  return {
    isShared: Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]',
    gradientError: Math.max(...expected.map((each, i) => relativeError(actual[i]!, each))),
    losses: await losses(),
  };
}

/** The same in a dedicated worker. */
export async function tryTrainingInWorker(): Promise<Found> {
  const worker = new Worker(new URL('browser-worker.ts', import.meta.url), { type: 'module' });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Found | string>) => {
        if (typeof data === 'string') reject(new Error(data));
        else resolve(data);
      };
      worker.onerror = ({ message }) => {
        reject(new Error(message));
      };
    });
  } finally {
    worker.terminate();
  }
}
