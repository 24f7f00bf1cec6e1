import { beforeAll, expect, it } from 'vitest';
import { noise, prepareBackends, tf } from './backends.ts';

beforeAll(prepareBackends);

/** Images whose class is where their bright quarter lies. */
function quarters(images: number): { xs: tf.Tensor4D; ys: tf.Tensor2D } {
  const pixels = noise(images * 64, 7).map((value) => value * 0.3);
  const labels = Array.from({ length: images }, (_, i) => i % 4);
  labels.forEach((label, i) => {
    for (let row = 0; row < 4; row++)
      for (let column = 0; column < 4; column++)
        pixels[i * 64 + (row + (label >> 1) * 4) * 8 + column + (label & 1) * 4]! += 1;
  });
  return {
    xs: tf.tensor4d(pixels, [images, 8, 8, 1]),
    ys: tf.oneHot(tf.tensor1d(labels, 'int32'), 4) as tf.Tensor2D,
  };
}

it('trains a small CNN with model.fit on the wasm backend', async () => {
  await tf.setBackend('wasm');
  const { xs, ys } = quarters(64);
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [8, 8, 1],
        filters: 4,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
      }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.conv2d({ filters: 8, kernelSize: 3, padding: 'same', activation: 'relu' }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 4, activation: 'softmax' }),
    ],
  });
  model.compile({
    optimizer: tf.train.sgd(0.2),
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const { history } = await model.fit(xs, ys, { epochs: 20, batchSize: 16 });
  expect(history['acc']!.at(-1)).toBe(1);
});
