import type { SumAttrs, TensorInfo, UnsortedSegmentSumAttrs } from '@tensorflow/tfjs-core';
import { address, withScratch } from '../backend.ts';
import { isRecording } from '../gradients.ts';
import type { Kernel, KernelCall, Kernels, TensorFlow } from '../kernel.ts';
import { memoryOf } from '../native.ts';

const product = (lengths: readonly number[]): number => lengths.reduce((a, b) => a * b, 1);

/** A tensor of which neighbouring axes are summed, as [outer, reduced, inner]. */
interface Reduction {
  readonly outShape: number[];
  readonly outer: number;
  readonly reduced: number;
  readonly inner: number;
}

/** Undefined where the native module has no sum: axes that are not neighbours, or nothing to sum. */
function reduction(
  tf: TensorFlow,
  shape: readonly number[],
  { axis, keepDims }: SumAttrs,
): Reduction | undefined {
  const axes = tf.util.parseAxisParam(axis, [...shape]).sort((a, b) => a - b);
  const areNeighbours = axes.every((each, i) => each === axes[0]! + i);
  if (axes.length === 0 || !areNeighbours || product(shape) === 0) return undefined;
  const outer = shape.slice(0, axes[0]);
  const inner = shape.slice(axes.at(-1)! + 1);
  return {
    outShape: [...outer, ...(keepDims ? axes.map(() => 1) : []), ...inner],
    outer: product(outer),
    reduced: product(axes.map((each) => shape[each]!)),
    inner: product(inner),
  };
}

/** Noted of a mean: its input as [outer, reduced, inner]. */
export type ReductionNote = Pick<Reduction, 'outer' | 'inner'>;

/** Sums of float32 over neighbouring axes, as of every bias gradient, in one pass; others as published. */
function total(isMean: boolean): Kernel<{ x: TensorInfo }, SumAttrs> {
  return (call) => {
    const { tf, backend, native, inputs, attributes } = call;
    const sizes = reduction(tf, inputs.x.shape, attributes);
    if (sizes === undefined || inputs.x.dtype !== 'float32')
      return call.published(inputs, attributes);
    const { outShape, outer, reduced, inner } = sizes;
    const y = backend.makeOutput(outShape, 'float32');
    withScratch(backend, inner * Float32Array.BYTES_PER_ELEMENT, (scratch) => {
      native.sum(address(backend, inputs.x), address(backend, y), scratch, outer, reduced, inner);
    });
    if (isMean) {
      const values = new Float32Array(
        memoryOf(backend.wasm).buffer,
        address(backend, y),
        outer * inner,
      );
      values.forEach((value, i) => (values[i] = value / reduced));
      if (isRecording(tf)) call.notes.set(y.dataId, { outer, inner } satisfies ReductionNote);
    }
    return y;
  };
}

/** What a sum's gradient is: dy, repeated along the summed axes, times a factor. */
export interface SpreadAttributes {
  readonly shape: number[];
  readonly axis: number | number[];
  readonly factor: number;
}

/** (dy, shape and axis of what was summed) → dx of that shape. */
function spread({
  tf,
  backend,
  native,
  inputs: { dy },
  attributes: { shape, axis, factor },
}: KernelCall<{ dy: TensorInfo }, SpreadAttributes>): TensorInfo {
  const { outer, reduced, inner } = reduction(tf, shape, { axis, keepDims: false })!;
  const dx = backend.makeOutput(shape, 'float32');
  native.spread(address(backend, dy), address(backend, dx), outer, reduced, inner, factor);
  return dx;
}

/** Whether `spread` can undo a sum over these axes. */
export function canSpread(
  tf: TensorFlow,
  shape: readonly number[],
  axis: number | number[],
): boolean {
  return reduction(tf, shape, { axis, keepDims: false }) !== undefined;
}

/** (x [rows, …], segmentIds [rows]) → float32 [numSegments, …]: rows with an id outside [0, numSegments) are left out. */
const unsortedSegmentSum: Kernel<
  { x: TensorInfo; segmentIds: TensorInfo },
  UnsortedSegmentSumAttrs
> = ({ backend, native, run, inputs: { x, segmentIds }, attributes: { numSegments } }) => {
  const rest = x.shape.slice(segmentIds.shape.length);
  const y = backend.makeOutput([numSegments, ...rest], 'float32');
  const numbers = x.dtype === 'float32' ? x : run('Cast', { x }, { dtype: 'float32' });
  native.segmentSum(
    ...[numbers, segmentIds, y].map((tensor) => address(backend, tensor)),
    ...[product(segmentIds.shape), product(rest), numSegments],
  );
  if (numbers !== x) backend.disposeData(numbers.dataId);
  return y;
};

export const sums: Kernels = {
  Mean: total(true),
  Sum: total(false),
  TrainingSpread: spread,
  UnsortedSegmentSum: unsortedSegmentSum,
};
