import type { GraphBuilder } from '../graph/builder.ts';
import { cast } from '../graph/ops.ts';
import type { Value } from '../graph/value.ts';
import { elementCount } from '../onnx/dtype.ts';
import type { Dim, Shape } from '../onnx/model.ts';
import { float32, reshaped, tensorData, type TensorData } from '../onnx/tensor-data.ts';
import type { TensorType } from './attributes.ts';
import type { Dims } from './dims.ts';

/** Where nodes go. */
export interface Scope {
  /** Takes values as they lie in memory. */
  readonly graph: GraphBuilder;
  readonly dims: Dims;
}

/** What flows along an edge of a graph model. */
export interface Tensor {
  readonly dtype: TensorType;
  readonly shape: Shape;
  /** The elements where they are few and known before the run: numbers, and symbols of dimensions. Row-major. */
  readonly known?: readonly Dim[] | undefined;
  /** The elements of a weight. */
  readonly data?: TensorData | undefined;
  /** In ONNX; made when it is needed, for shapes are mostly computed with and never stored. */
  value(scope: Scope): Value;
}

// Shapes, sizes, paddings and the like.
const MAX_KNOWN = 256;

export function tensorOf(value: Value): Tensor {
  return { dtype: value.dtype as TensorType, shape: value.shape, value: () => value };
}

export function tensorOfData(name: string, data: TensorData): Tensor {
  const isSmall = elementCount(data.shape) <= MAX_KNOWN;
  return {
    dtype: data.dtype as TensorType,
    shape: data.shape,
    data,
    known: isSmall ? Array.from(data.read() as ArrayLike<number>) : undefined,
    value: ({ graph }) => graph.constant(name, data),
  };
}

/** A tensor whose elements are known; undefined where they are too many to carry along. */
export function tensorOfKnown(
  dtype: TensorType,
  shape: readonly number[],
  known: readonly Dim[],
): Tensor | undefined {
  if (known.length > MAX_KNOWN) return undefined;
  if (known.every((dim) => typeof dim === 'number'))
    return { ...tensorOfData(nameOf(known), dataOf(dtype, shape, known)), known };
  return {
    dtype,
    shape,
    known,
    value({ graph, dims }) {
      const vector = cast(graph, dims.vector(graph, known), dtype);
      if (shape.length === 1) return vector;
      const target = dims.vector(graph, shape);
      return graph.op('Reshape', [vector, target], { dtype, shape });
    },
  };
}

export function dataOf(
  dtype: TensorType,
  shape: readonly number[],
  elements: readonly number[],
): TensorData {
  if (dtype === 'float32') return float32(shape, elements);
  return tensorData(
    dtype,
    shape,
    dtype === 'int32' ? Int32Array.from(elements) : Uint8Array.from(elements),
  );
}

function nameOf(known: readonly number[]): string {
  return known.length > 6 ? `values_${known.length}` : `value_${known.join('_')}`;
}

/** The same elements in another shape, where they are known. */
export function reshapedKnown(tensor: Tensor, shape: Shape): Tensor | undefined {
  if (!shape.every((dim) => typeof dim === 'number')) return undefined;
  const exact = shape;
  if (tensor.known !== undefined) return tensorOfKnown(tensor.dtype, exact, tensor.known);
  return tensor.data && tensorOfData('reshaped', reshaped(tensor.data, exact));
}

/** 0, 1, … below `count`, int32. */
export function upTo(count: number, scope: Scope): Value {
  if (count <= MAX_STORED)
    return tensorOfData(
      `up_to_${count}`,
      dataOf(
        'int32',
        [count],
        Array.from({ length: count }, (_, index) => index),
      ),
    ).value(scope);
  const [start, end, step] = [0, count, 1].map((value) =>
    tensorOfKnown('int32', [], [value])!.value(scope),
  );
  return scope.graph.op('Range', [start, end, step], { dtype: 'int32', shape: [count] });
}

// A file need not hold more numbers than this that count up.
const MAX_STORED = 4096;
