import type { ClipByValueAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { address } from '../backend.ts';
import type { Kernel, Kernels } from '../kernel.ts';

interface Gradient {
  readonly x: TensorInfo;
  readonly dy: TensorInfo;
}

const countOf = ({ shape }: TensorInfo): number => shape.reduce((a, b) => a * b, 1);

/** (x, dy) → dy where 0 < x ≤ ceiling, else 0. */
const reluGradient: Kernel<Gradient, { ceiling: number }> = ({
  backend,
  native,
  inputs: { x, dy },
  attributes: { ceiling },
}) => {
  const dx = backend.makeOutput(x.shape, 'float32');
  const addresses = [x, dy, dx].map((tensor) => address(backend, tensor));
  native.reluGradient(...addresses, countOf(x), ceiling);
  return dx;
};

/** (x, dy) → dy where clipValueMin ≤ x ≤ clipValueMax, else 0. */
const clipGradient: Kernel<Gradient, ClipByValueAttrs> = ({
  backend,
  native,
  inputs: { x, dy },
  attributes: { clipValueMin, clipValueMax },
}) => {
  const dx = backend.makeOutput(x.shape, 'float32');
  const addresses = [x, dy, dx].map((tensor) => address(backend, tensor));
  native.clipGradient(...addresses, countOf(x), clipValueMin, clipValueMax);
  return dx;
};

/** (x, dy) → 2 · x · dy. */
const squareGradient: Kernel<Gradient, object> = ({ backend, native, inputs: { x, dy } }) => {
  const dx = backend.makeOutput(x.shape, 'float32');
  native.squareGradient(...[x, dy, dx].map((tensor) => address(backend, tensor)), countOf(x));
  return dx;
};

/** The published clip reads whole numbers as if they were float32, so they become that first. */
const clip: Kernel<{ x: TensorInfo }, ClipByValueAttrs> = (call) => {
  const { backend, inputs, attributes, run, published } = call;
  if (inputs.x.dtype !== 'int32') return published(inputs, attributes);
  const numbers = run('Cast', inputs, { dtype: 'float32' });
  const clipped = published({ x: numbers }, attributes);
  const whole = run('Cast', { x: clipped }, { dtype: 'int32' });
  backend.disposeData(numbers.dataId);
  backend.disposeData(clipped.dataId);
  return whole;
};

/** The published kernel repeats alpha in the order of its numbers: right only where its axes are the last ones of x. */
const prelu: Kernel<{ x: TensorInfo; alpha: TensorInfo }, object> = (call) => {
  const { backend, inputs, attributes, run, published } = call;
  const { x, alpha } = inputs;
  const lengths = alpha.shape.slice(alpha.shape.findIndex((length) => length !== 1));
  const covered = x.shape.slice(x.shape.length - lengths.length);
  if (countOf(alpha) === 1 || lengths.every((length, i) => length === covered[i]))
    return published(inputs, attributes);
  const reps = lengths.map((length, i) => (length === 1 ? covered[i]! : 1));
  const whole = run('Tile', { x: { ...alpha, shape: lengths } }, { reps });
  const y = published({ x, alpha: whole }, attributes);
  backend.disposeData(whole.dataId);
  return y;
};

export const elementwise: Kernels = {
  ClipByValue: clip,
  Prelu: prelu,
  TrainingClipGradient: clipGradient,
  TrainingReluGradient: reluGradient,
  TrainingSquareGradient: squareGradient,
};
