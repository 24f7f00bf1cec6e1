import { beforeAll, expect, it } from 'vitest';
import { noiseTensor, prepareBackends, tf } from './backends.ts';

beforeAll(prepareBackends);

/** Bytes of the backend's memory: it only grows. */
function heapBytes(): number {
  const backend = tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } };
  return backend.wasm.HEAPU8.buffer.byteLength;
}

it('neither tensors nor memory grow over 1,000 steps', async () => {
  await tf.setBackend('wasm');
  const { layers } = tf;
  const model = tf.sequential({
    layers: [
      layers.conv2d({
        inputShape: [6, 6, 2],
        filters: 8,
        kernelSize: 3,
        padding: 'same',
        useBias: false,
      }),
      layers.conv2d({ filters: 8, kernelSize: 3, padding: 'same', useBias: false }),
      layers.conv2d({ filters: 8, kernelSize: 3, padding: 'same', dilationRate: 2 }),
      layers.batchNormalization(),
      layers.reLU({ maxValue: 6 }),
      layers.layerNormalization({ scale: false }),
      layers.prelu({ sharedAxes: [2, 3] }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.depthwiseConv2d({ kernelSize: 3, padding: 'same' }),
      layers.conv2d({ filters: 3, kernelSize: 2, strides: 2, activation: 'relu' }),
      layers.averagePooling2d({ poolSize: 1 }),
      layers.flatten(),
      layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  model.compile({ optimizer: tf.train.momentum(0.01, 0.9), loss: 'categoricalCrossentropy' });
  const x = noiseTensor([4, 6, 6, 2], 1);
  const y = tf.oneHot(tf.tensor1d([0, 1, 1, 0], 'int32'), 2);
  const train = async (steps: number): Promise<void> => {
    for (let step = 0; step < steps; step++) await model.trainOnBatch(x, y);
  };
  await train(20);
  const tensors = tf.memory().numTensors;
  const bytes = heapBytes();
  await train(1000);
  expect(tf.memory().numTensors).toBe(tensors);
  expect(heapBytes()).toBe(bytes);
}, 120_000);
