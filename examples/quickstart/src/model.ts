import type * as tfjs from '@tensorflow/tfjs';
import { LEARNING_RATE } from './recipes.ts';

/** Two convolution and max-pool blocks and a dense head, compiled for SGD with momentum; the same seed gives the same weights. */
export function buildModel(tf: typeof tfjs, seed: number): tfjs.LayersModel {
  const { layers, initializers } = tf;
  const initial = (layer: number) => initializers.heNormal({ seed: seed * 8 + layer });
  const model = tf.sequential({
    name: 'mnist',
    layers: [
      layers.inputLayer({ name: 'image', inputShape: [28, 28, 1] }),
      layers.conv2d({
        name: 'conv_1',
        filters: 8,
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer: initial(0),
      }),
      layers.maxPooling2d({ name: 'pool_1', poolSize: 2 }),
      layers.conv2d({
        name: 'conv_2',
        filters: 16,
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer: initial(1),
      }),
      layers.maxPooling2d({ name: 'pool_2', poolSize: 2 }),
      layers.flatten({ name: 'flatten' }),
      layers.dense({ name: 'dense', units: 64, activation: 'relu', kernelInitializer: initial(2) }),
      layers.dense({
        name: 'digit',
        units: 10,
        activation: 'softmax',
        kernelInitializer: initial(3),
      }),
    ],
  });
  model.compile({
    optimizer: tf.train.momentum(LEARNING_RATE, 0.9),
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return model;
}
