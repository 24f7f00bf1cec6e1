import { leaveDirt, noise, tf } from './backends.ts';
import { gradientError } from './finite-differences.ts';
import type { LayerCase } from './layer-cases.ts';

/** What one training step of a layer gave. */
export interface TrainedLayer {
  readonly output: Float32Array;
  /** With respect to every input and every trainable weight, in the order of their making. */
  readonly gradients: readonly Float32Array[];
  /** Largest `gradientError` of them, if asked for. */
  readonly differencesError: number;
}

function weightsFor(weight: tf.LayerVariable, seed: number): tf.Tensor {
  const shape = weight.shape as number[];
  const size = shape.reduce((product, length) => product * length, 1);
  const isVariance = weight.name.includes('variance');
  return tf.tensor(
    noise(size, seed).map((value) => (isVariance ? 1 + value / 2 : value)),
    shape,
  );
}

function inputsOf({ inputs, classes }: LayerCase): tf.Tensor[] {
  return inputs.map((shape, i) => {
    const values = noise(
      shape.reduce((a, b) => a * b, 1),
      i + 1,
    );
    if (classes === undefined) return tf.variable(tf.tensor(values, [...shape]));
    const whole = values.map((value) => Math.floor(((value + 1) / 2) * classes));
    return tf.tensor(whole, [...shape]);
  });
}

/** Trains a layer one step on the backend in use, towards Σ noise · output. */
export function trainLayer(layerCase: LayerCase, byDifferences: boolean): TrainedLayer {
  const layer = layerCase.make();
  const inputs = tf.tidy(() => inputsOf(layerCase));
  const apply = (): tf.Tensor =>
    layer.apply(inputs.length === 1 ? inputs[0]! : inputs, { training: true }) as tf.Tensor;
  const trained = tf.tidy(() => {
    const { shape, size } = apply();
    layer.setWeights(layer.weights.map((weight, i) => weightsFor(weight, 20 + i)));
    const direction = tf.tensor(noise(size, 9), shape);
    const loss = (): tf.Scalar => apply().mul(direction).sum();
    leaveDirt();
    const { grads } = tf.variableGrads(loss);
    const variables = Object.values(tf.engine().registeredVariables)
      .filter(({ name }) => name in grads)
      .sort((a, b) => a.id - b.id);
    const gradients = variables.map(({ name }) => grads[name]!.dataSync().slice() as Float32Array);
    const errors = byDifferences
      ? variables.map((variable, i) => gradientError(loss, variable, gradients[i]!))
      : [];
    leaveDirt();
    const output = apply().dataSync().slice() as Float32Array;
    return { output, gradients, differencesError: Math.max(0, ...errors) };
  });
  layer.dispose();
  inputs.forEach((input) => {
    input.dispose();
  });
  return trained;
}
