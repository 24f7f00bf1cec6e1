import type { BatchMatMulAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { address, withScratch } from '../backend.ts';
import type { Kernel, Kernels } from '../kernel.ts';

/** a · b for every matrix of a batch; where only one side has a batch, as published. */
const batchMatMul: Kernel<{ a: TensorInfo; b: TensorInfo }, BatchMatMulAttrs> = (call) => {
  const { tf, backend, native, inputs, attributes } = call;
  const { a, b } = inputs;
  const { transposeA, transposeB } = attributes;
  const isFloat = a.dtype === 'float32' && b.dtype === 'float32';
  const batchShape = a.shape.slice(0, -2);
  const isEmpty = [...a.shape, ...b.shape].includes(0);
  if (!isFloat || isEmpty || !tf.util.arraysEqual(batchShape, b.shape.slice(0, -2)))
    return call.published(inputs, attributes);
  const [rows, shared] = sides(a, transposeA);
  const [sharedOfB, columns] = sides(b, transposeB);
  if (shared !== sharedOfB) return call.published(inputs, attributes);
  const c = backend.makeOutput([...batchShape, rows, columns], 'float32');
  const bytes = Float32Array.BYTES_PER_ELEMENT;
  withScratch(backend, native.matMulScratch(rows, shared, columns), (scratch) => {
    for (let i = 0; i < tf.util.sizeFromShape(batchShape); i++)
      native.matMul(
        address(backend, a) + i * rows * shared * bytes,
        address(backend, b) + i * shared * columns * bytes,
        address(backend, c) + i * rows * columns * bytes,
        scratch,
        ...[rows, shared, columns, Number(transposeA), Number(transposeB)],
      );
  });
  return c;
};

/** Rows and columns of the matrices of a tensor, transposed or not. */
function sides({ shape }: TensorInfo, isTransposed: boolean): [number, number] {
  const [height, width] = shape.slice(-2) as [number, number];
  return isTransposed ? [width, height] : [height, width];
}

export const matrices: Kernels = { BatchMatMul: batchMatMul };
