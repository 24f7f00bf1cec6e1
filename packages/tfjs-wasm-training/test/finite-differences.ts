import { tf } from './backends.ts';

/** Wide enough to drown rounding, narrow enough for the kinks of the tests' smooth and piecewise linear functions. */
const width = 2 ** -7;
const samples = 12;

/** The value of a scalar, on the backend in use. */
function valueOf(loss: () => tf.Scalar): number {
  return tf.tidy(() => loss().dataSync()[0]!);
}

/**
 * Largest difference between a gradient and central differences of `loss` at some of the variable's places, relative to the largest of
 * them. Single precision: expect 1e-2 of a right gradient.
 */
export function gradientError(
  loss: () => tf.Scalar,
  variable: tf.Variable,
  gradient: ArrayLike<number>,
): number {
  const values = variable.dataSync().slice();
  const count = Math.min(samples, values.length);
  let error = 0;
  let scale = 1e-3;
  for (let sample = 0; sample < count; sample++) {
    const place = Math.floor((sample * values.length) / count);
    const difference = slope(loss, variable, values, place);
    error = Math.max(error, Math.abs(difference - gradient[place]!));
    scale = Math.max(scale, Math.abs(difference));
  }
  return error / scale;
}

function slope(
  loss: () => tf.Scalar,
  variable: tf.Variable,
  values: ArrayLike<number>,
  place: number,
): number {
  const [below, above] = [-width, width].map((shift) => {
    const moved = Float32Array.from(values);
    moved[place]! += shift;
    tf.tidy(() => {
      variable.assign(tf.tensor(moved, variable.shape));
    });
    return valueOf(loss);
  });
  tf.tidy(() => {
    variable.assign(tf.tensor(Float32Array.from(values), variable.shape));
  });
  return (above! - below!) / (2 * width);
}
