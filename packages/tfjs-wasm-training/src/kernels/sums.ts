import type { SumAttrs, TensorInfo, UnsortedSegmentSumAttrs } from '@tensorflow/tfjs-core';
import { address, withScratch } from '../backend.ts';
import type { Kernel, Kernels } from '../kernel.ts';

const product = (lengths: readonly number[]): number => lengths.reduce((a, b) => a * b, 1);

/** Sums of float32 over neighbouring axes, as of every bias gradient, in one pass; others as published. */
const sum: Kernel<{ x: TensorInfo }, SumAttrs> = (call) => {
  const { tf, backend, native, inputs, attributes } = call;
  const { shape, dtype } = inputs.x;
  const axes = tf.util.parseAxisParam(attributes.axis, [...shape]).sort((a, b) => a - b);
  const areNeighbours = axes.every((axis, i) => axis === axes[0]! + i);
  if (dtype !== 'float32' || axes.length === 0 || !areNeighbours || product(shape) === 0)
    return call.published(inputs, attributes);
  const outer = shape.slice(0, axes[0]);
  const inner = shape.slice(axes.at(-1)! + 1);
  const reduced = attributes.keepDims ? axes.map(() => 1) : [];
  const y = backend.makeOutput([...outer, ...reduced, ...inner], 'float32');
  const sizes = [outer, axes.map((axis) => shape[axis]!), inner].map(product);
  withScratch(backend, product(inner) * Float32Array.BYTES_PER_ELEMENT, (scratch) => {
    native.sum(address(backend, inputs.x), address(backend, y), scratch, ...sizes);
  });
  return y;
};

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

export const sums: Kernels = { Sum: sum, UnsortedSegmentSum: unsortedSegmentSum };
