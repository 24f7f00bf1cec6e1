import type * as tfjs from '@tensorflow/tfjs';
import type { Recipe } from './recipes.ts';

/** The layer whose output is the logits. */
export const LOGITS = 'logits';

/**
 * Two convolution and max-pool blocks and a dense head, compiled for SGD with momentum; the same seed gives the same
 * weights.
 */
export function buildModel(
  tf: typeof tfjs,
  seed: number,
  { peak, weightDecay }: Pick<Recipe, 'peak' | 'weightDecay'>,
): tfjs.LayersModel {
  const { layers, initializers, regularizers } = tf;
  const kernel = (layer: number) => ({
    kernelInitializer: initializers.heNormal({ seed: seed * 8 + layer }),
    // The gradient of this is weightDecay · w.
    ...(weightDecay > 0 && { kernelRegularizer: regularizers.l2({ l2: weightDecay / 2 }) }),
  });
  const model = tf.sequential({
    name: 'fashion',
    layers: [
      layers.inputLayer({ name: 'image', inputShape: [28, 28, 1] }),
      layers.conv2d({
        name: 'conv_1',
        filters: 8,
        kernelSize: 3,
        activation: 'relu',
        ...kernel(0),
      }),
      layers.maxPooling2d({ name: 'pool_1', poolSize: 2 }),
      layers.conv2d({
        name: 'conv_2',
        filters: 16,
        kernelSize: 3,
        activation: 'relu',
        ...kernel(1),
      }),
      layers.maxPooling2d({ name: 'pool_2', poolSize: 2 }),
      layers.flatten({ name: 'flatten' }),
      layers.dense({ name: 'dense', units: 64, activation: 'relu', ...kernel(2) }),
      // Apart from the softmax, so that logits can be read: the energy score needs them.
      layers.dense({ name: LOGITS, units: 10, ...kernel(3) }),
      layers.softmax({ name: 'garment' }),
    ],
  });
  model.compile({
    optimizer: tf.train.momentum(peak, 0.9),
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
  });
  return model;
}
