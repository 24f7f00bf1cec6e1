import type { BatchMatMulAttrs, TensorInfo } from '@tensorflow/tfjs-core';
import { address, withScratch } from '../backend.ts';
import type { Kernel, Kernels } from '../kernel.ts';
import type { Native } from '../native.ts';
import { noted } from './noted.ts';

const bytesPerNumber = Float32Array.BYTES_PER_ELEMENT;
/** With fewer rows or columns, copying the matrices to panels takes longer than the product. */
const leastLines = 4;
/** Sizes in the native module are 32-bit. */
const mostScratch = 2 ** 31 - 1;

/** The sizes of a · b: a [rows, shared], or [shared, rows] if transposed, and b [shared, columns], or [columns, shared]. */
interface Product {
  readonly rows: number;
  readonly shared: number;
  readonly columns: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}
/** Of a, b and c. */
type Addresses = readonly [number, number, number];

/** How many bytes of scratch a way to multiply needs, and the way. */
interface Method {
  readonly scratch: number;
  readonly multiply: (native: Native, at: Addresses, scratch: number) => void;
}

/** a · b for every matrix of a batch; where only one side has a batch, as published. */
const batchMatMul: Kernel<{ a: TensorInfo; b: TensorInfo }, BatchMatMulAttrs> = (call) => {
  const { tf, backend, native, inputs, attributes } = call;
  const { a, b } = inputs;
  const isFloat = a.dtype === 'float32' && b.dtype === 'float32';
  const batchShape = a.shape.slice(0, -2);
  const isEmpty = [...a.shape, ...b.shape].includes(0);
  if (!isFloat || isEmpty || !tf.util.arraysEqual(batchShape, b.shape.slice(0, -2)))
    return call.published(inputs, attributes);
  const { transposeA, transposeB } = attributes;
  const [rows, shared] = sides(a, transposeA);
  const [sharedOfB, columns] = sides(b, transposeB);
  const method = methodFor({ rows, shared, columns, transposeA, transposeB });
  if (shared !== sharedOfB || method.scratch > mostScratch)
    return call.published(inputs, attributes);
  const c = backend.makeOutput([...batchShape, rows, columns], 'float32');
  const sizes = [rows * shared, shared * columns, rows * columns];
  withScratch(backend, method.scratch, (scratch) => {
    const starts = [a, b, c].map((tensor) => address(backend, tensor));
    for (let i = 0; i < tf.util.sizeFromShape(batchShape); i++) {
      const at = starts.map((start, side) => start + i * sizes[side]! * bytesPerNumber);
      method.multiply(native, at as unknown as Addresses, scratch);
    }
  });
  return c;
};

function methodFor(product: Product): Method {
  const isThin = Math.min(product.rows, product.columns) < leastLines;
  return isThin ? thin(product) : inPanels(product);
}

function inPanels({ rows, shared, columns, transposeA, transposeB }: Product): Method {
  const lines = Math.ceil(rows / 4) * 4 + Math.ceil(columns / 8) * 8;
  const numbers = [rows, shared, columns, Number(transposeA), Number(transposeB)];
  return {
    scratch: (lines * shared + 32) * bytesPerNumber,
    multiply: (native, [a, b, c], scratch) => {
      native.matMul(a, b, c, scratch, ...numbers);
    },
  };
}

/** The lines of the thin side, each times the other matrix, which is read where it lies. */
function thin({ rows, shared, columns, transposeA, transposeB }: Product): Method {
  const areRowsFew = rows <= columns;
  const [lines, count] = areRowsFew ? [rows, columns] : [columns, rows];
  // Whether the numbers of a line lie side by side, and those of the other matrix that they meet.
  const isLineDense = areRowsFew ? !transposeA : transposeB;
  const isTurned = areRowsFew ? transposeB : !transposeA;
  const [lineStep, step] = isLineDense || lines === 1 ? [shared, 1] : [1, lines];
  const [outLine, outStep] = areRowsFew ? [columns, 1] : [1, columns];
  const numbers = [lines, shared, count, lineStep, step, outLine, outStep, Number(isTurned)];
  return {
    scratch: ((step === 1 ? 0 : shared) + 2 * count) * bytesPerNumber,
    multiply: (native, [a, b, c], scratch) => {
      const [line, matrix] = areRowsFew ? [a, b] : [b, a];
      native.thinProduct(line, matrix, c, scratch, ...numbers);
    },
  };
}

/** Rows and columns of the matrices of a tensor, transposed or not. */
function sides({ shape }: TensorInfo, isTransposed: boolean): [number, number] {
  const [height, width] = shape.slice(-2) as [number, number];
  return isTransposed ? [width, height] : [height, width];
}

/** As published. */
const fused: Kernel<object, object, TensorInfo> = ({ inputs, attributes, published }) =>
  published(inputs, attributes);

export const matrices: Kernels = { BatchMatMul: batchMatMul, _FusedMatMul: noted(fused) };
