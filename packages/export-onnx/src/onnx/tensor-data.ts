import { bytesPerElement, elementCount, type DType, type TypedArray } from './dtype.ts';
import { freshLike, type Allocate } from './scratch.ts';
import { transposeElements } from './transpose.ts';

/**
 * A constant tensor, computed when it is written if it is large, so that a model is never held twice. `recipe` says what
 * is done to `sources`: two tensors of equal recipe, dtype, shape and source contents are equal.
 */
export interface TensorData {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly sources: readonly TypedArray[];
  readonly recipe: string;
  /** The elements, row-major; where the recipe is not empty, the caller's own, in memory from `allocate` where it can be. */
  readonly read: (allocate?: Allocate) => TypedArray;
  /** To be awaited before `read`, where the elements are not at hand. */
  readonly prepare?: () => Promise<void>;
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

/** A tensor made from others. `recipe` must name everything that `compute` depends on besides their elements. */
export function derived(
  from: readonly TensorData[],
  recipe: string,
  shape: readonly number[],
  compute: (...elements: readonly TypedArray[]) => TypedArray,
): TensorData {
  return computed(from, recipe, shape, () => compute(...from.map((tensor) => tensor.read())));
}

// Fewer elements than this, made of as few that are at hand, are computed at once: equal ones are found whatever they were made of.
const SMALL = 4096;

/** `derived`, where the result may go into memory that the caller hands to `read`. */
export function computed(
  from: readonly TensorData[],
  recipe: string,
  shape: readonly number[],
  read: TensorData['read'],
): TensorData {
  const { dtype } = from[0]!;
  const isSmall = (tensor: Pick<TensorData, 'shape'>): boolean =>
    elementCount(tensor.shape) < SMALL;
  if (isSmall({ shape }) && from.every((tensor) => tensor.recipe === '' && isSmall(tensor)))
    return tensorData(dtype, shape, read());
  const sources = from.flatMap((tensor) => tensor.sources);
  const inputs = from.map((tensor) => `${tensor.recipe}[${tensor.shape.join()}]`);
  return { dtype, shape, sources, recipe: `${recipe}(${inputs.join()})`, read };
}

/** The same elements under another shape. */
export function reshaped(tensor: TensorData, shape: readonly number[]): TensorData {
  return { ...tensor, shape };
}

/** Axes in the order `permutation` names them, as `numpy.transpose`. */
export function transposed(tensor: TensorData, permutation: readonly number[]): TensorData {
  const shape = permutation.map((axis) => tensor.shape[axis]!);
  return computed([tensor], `transpose ${permutation.join()}`, shape, (allocate = freshLike) => {
    const elements = tensor.read();
    return transposeElements(elements, tensor.shape, permutation, allocate(elements));
  });
}
