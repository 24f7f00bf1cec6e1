import { bytesPerElement, elementCount, type DType, type TypedArray } from './dtype.ts';

/**
 * A constant tensor that is computed when it is written, so that a large model is never held twice. `recipe` says what
 * is done to `sources`: two tensors of equal recipe, dtype, shape and source contents are equal.
 */
export interface TensorData {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly sources: readonly TypedArray[];
  readonly recipe: string;
  /** The elements, row-major; a fresh array unless the recipe is empty. */
  readonly read: () => TypedArray;
}

/** Elements as they are. */
export function tensorData(
  dtype: DType,
  shape: readonly number[],
  elements: TypedArray,
): TensorData {
  return { dtype, shape, sources: [elements], recipe: '', read: () => elements };
}

export function float32(shape: readonly number[], elements: Iterable<number>): TensorData {
  return tensorData('float32', shape, Float32Array.from(elements));
}

export function int64(shape: readonly number[], elements: readonly number[]): TensorData {
  return tensorData('int64', shape, BigInt64Array.from(elements, BigInt));
}

export function byteLengthOf({ dtype, shape }: TensorData): number {
  return elementCount(shape) * bytesPerElement[dtype];
}

/** A tensor made from others, lazily. `recipe` must name everything that `compute` depends on besides their elements. */
export function derived(
  from: readonly TensorData[],
  recipe: string,
  shape: readonly number[],
  compute: (...elements: readonly TypedArray[]) => TypedArray,
): TensorData {
  return {
    dtype: from[0]!.dtype,
    shape,
    sources: from.flatMap((tensor) => tensor.sources),
    recipe: `${recipe}(${from.map((tensor) => `${tensor.recipe}[${tensor.shape.join()}]`).join()})`,
    read: () => compute(...from.map((tensor) => tensor.read())),
  };
}

/** The same elements under another shape. */
export function reshaped(tensor: TensorData, shape: readonly number[]): TensorData {
  return { ...tensor, shape };
}

/** Axes in the order `permutation` names them, as `numpy.transpose`. */
export function transposed(tensor: TensorData, permutation: readonly number[]): TensorData {
  const shape = permutation.map((axis) => tensor.shape[axis]!);
  return derived([tensor], `transpose ${permutation.join()}`, shape, (elements) =>
    transposeElements(elements, tensor.shape, permutation),
  );
}

function transposeElements<T extends TypedArray>(
  elements: T,
  shape: readonly number[],
  permutation: readonly number[],
): T {
  const out = new (elements.constructor as new (length: number) => T)(elements.length);
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--)
    strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  // The innermost axis runs in a plain loop; the others as a counter, so that any rank is one code path.
  const outer = permutation.slice(0, -1);
  const last = permutation.at(-1) ?? 0;
  const run = shape[last] ?? 1;
  const stride = strides[last] ?? 1;
  const counter = new Array<number>(outer.length).fill(0);
  let from = 0;
  for (let to = 0; to < out.length;) {
    for (let k = 0, source = from; k < run; k++, source += stride) out[to++] = elements[source]!;
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      const step = strides[outer[axis]!]!;
      from += step;
      if (++counter[axis]! < shape[outer[axis]!]!) break;
      from -= step * counter[axis]!;
      counter[axis] = 0;
    }
  }
  return out;
}
