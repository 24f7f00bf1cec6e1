import type { LayersModel, Tf, Variable } from './tf.ts';

/** 2³² divided by the golden ratio: neighbouring seeds land far apart. */
const seedStride = 0x9e3779b9;

/** Adds Gaussian noise of the given standard deviation to every trainable weight; the same seed gives the same noise. */
export function perturbWeights(
  tf: Tf,
  model: LayersModel,
  standardDeviation: number,
  seed: number,
): void {
  model.trainableWeights.forEach((weight, index) => {
    tf.tidy(() => {
      const variable = weight.read() as Variable;
      // Never 0, which tfjs takes for "no seed".
      const weightSeed = ((Math.imul(seed + 1, seedStride) + index) >>> 0) + 1;
      const noise = tf.randomNormal(variable.shape, 0, standardDeviation, 'float32', weightSeed);
      variable.assign(tf.add(variable, noise));
    });
  });
}
