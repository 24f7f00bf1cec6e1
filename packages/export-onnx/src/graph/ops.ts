import type { DType } from '../onnx/dtype.ts';
import type { Dim, Shape } from '../onnx/model.ts';
import { int, ints } from '../onnx/model.ts';
import { float32, int64 } from '../onnx/tensor-data.ts';
import type { Attributes, GraphBuilder, OutputSpec } from './builder.ts';
import { plain } from './layout.ts';
import { Refusal } from './refusal.ts';
import { shapeVector } from './shapes.ts';
import { physicalAxis, type Value } from './value.ts';

/** An element-wise node of one input: layout and mask stay. */
export function unary(
  graph: GraphBuilder,
  opType: string,
  value: Value,
  attributes: Attributes = {},
): Value {
  return withMask(graph.op(opType, [value], value, attributes), value.mask);
}

/** An element-wise node of two inputs in the same layout, broadcast as numpy does. */
export function binary(graph: GraphBuilder, opType: string, a: Value, b: Value): Value {
  const shape = broadcast(a.shape, b.shape);
  return graph.op(opType, [a, b], { dtype: a.dtype, shape, layout: a.layout });
}

/** A comparison: bool, broadcast. */
export function compare(graph: GraphBuilder, opType: string, a: Value, b: Value): Value {
  return graph.op(opType, [a, b], { dtype: 'bool', shape: broadcast(a.shape, b.shape) });
}

/** A float32 scalar; it broadcasts with any layout. */
export function scalar(graph: GraphBuilder, value: number): Value {
  return graph.constant(`scalar_${value}`, float32([], [value]));
}

export function cast(graph: GraphBuilder, value: Value, dtype: DType): Value {
  if (value.dtype === dtype) return value;
  const codes = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 };
  const spec = { dtype, shape: value.shape, layout: value.layout };
  return withMask(graph.op('Cast', [value], spec, { to: int(codes[dtype]) }), value.mask);
}

/** Axes in another order. Takes and gives plain values. */
export function transpose(graph: GraphBuilder, value: Value, perm: readonly number[]): Value {
  const from = plain(graph, value);
  const shape = perm.map((axis) => from.shape[axis]!);
  return graph.op('Transpose', [from], { dtype: value.dtype, shape }, { perm: ints(perm) });
}

/** Another shape of the same elements; symbols that move are read from the value itself, or from `sources`. */
export function reshape(
  graph: GraphBuilder,
  value: Value,
  shape: Shape,
  sources: readonly Value[] = [],
): Value {
  const from = plain(graph, value);
  if (sameShape(from.shape, shape)) return from;
  const spec = { dtype: value.dtype, shape };
  const target = shape.map((dim, axis) => {
    if (typeof dim === 'number') return dim;
    // 0 copies the dimension at the same place.
    return from.shape[axis] === dim ? 0 : -1;
  });
  if (target.filter((dim) => dim === -1).length <= 1) {
    const constant = graph.constant(`shape_${target.join('_')}`, int64([target.length], target));
    return graph.op('Reshape', [from, constant], spec);
  }
  const dims = shapeVector(graph, shape, [from, ...sources]);
  if (dims !== undefined) return graph.op('Reshape', [from, dims], spec);
  throw new Refusal(
    `the shape [${shape.join(', ')}] has more than one unknown dimension that moves`,
    'Give the input an exact shape.',
  );
}

/** Parts of these sizes along a Keras axis. */
export function split(
  graph: GraphBuilder,
  value: Value,
  axis: number,
  sizes: readonly number[],
): readonly Value[] {
  const constant = graph.constant(`parts_${sizes.join('_')}`, int64([sizes.length], sizes));
  const specs = sizes.map((size) => ({ ...value, shape: value.shape.with(axis, size) }));
  return graph.stored.node('Split', [value, constant], specs, {
    axis: int(physicalAxis(value, axis)),
  });
}

/** `[start, end)` along one physical axis of a plain value; negative positions count from the end. */
export function slice(
  graph: GraphBuilder,
  value: Value,
  axis: number,
  start: number,
  end: number,
  step = 1,
): Value {
  const from = plain(graph, value);
  const dim = from.shape[axis]!;
  const shape = from.shape.with(axis, slicedDim(graph, dim, start, end, step));
  const constant = (name: string, number: number): Value =>
    graph.constant(`${name}_${number}`, int64([1], [number]));
  const inputs = [
    from,
    constant('start', start),
    constant('end', end),
    constant('axis', axis),
    constant('step', step),
  ];
  return graph.op('Slice', inputs, { dtype: value.dtype, shape });
}

/** The steps of `[batch, steps, …]` from the last to the first. */
export function turned(graph: GraphBuilder, value: Value): Value {
  return slice(graph, value, 1, -1, -(2 ** 31 - 1), -1);
}

function slicedDim(graph: GraphBuilder, dim: Dim, start: number, end: number, step: number): Dim {
  if (step === -1) return dim;
  if (typeof dim === 'string') return graph.unknownDim('sliced');
  const from = start < 0 ? start + dim : start;
  const to = Math.min(end < 0 ? end + dim : end, dim);
  return Math.max(0, to - from);
}

/** Plain values joined along an axis. */
export function concat(graph: GraphBuilder, values: readonly Value[], axis: number): Value {
  const parts = values.map((value) => plain(graph, value));
  if (parts.length === 1) return parts[0]!;
  const dims = parts.map(({ shape }) => shape[axis]!);
  const sum = dims.every((dim) => typeof dim === 'number')
    ? dims.reduce((total, dim) => total + dim, 0)
    : graph.unknownDim('joined');
  const shape = parts[0]!.shape.with(axis, sum);
  return graph.op('Concat', parts, { dtype: parts[0]!.dtype, shape }, { axis: int(axis) });
}

/** A reduction that keeps its axes as 1, e.g. `ReduceMax`; axes are an input from opset 18, of ReduceSum from 13. */
export function reduce(
  graph: GraphBuilder,
  opType: string,
  value: Value,
  axes: readonly number[],
  keepDims = true,
): Value {
  const from = plain(graph, value);
  const kept = from.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  const shape = keepDims ? kept : from.shape.filter((_, axis) => !axes.includes(axis));
  return reducePhysical(graph, opType, from, axes, keepDims, { dtype: value.dtype, shape });
}

/** The same on the axes as they lie in memory. */
export function reducePhysical(
  graph: GraphBuilder,
  opType: string,
  value: Value,
  axes: readonly number[],
  keepDims: boolean,
  output: OutputSpec,
): Value {
  const keepdims = int(keepDims ? 1 : 0);
  if (graph.opset < 18 && opType !== 'ReduceSum')
    return graph.stored.op(opType, [value], output, { axes: ints(axes), keepdims });
  const constant = graph.constant(`axes_${axes.join('_')}`, int64([axes.length], axes));
  return graph.stored.op(opType, [value, constant], output, { keepdims });
}

/** Axes of length 1 put in at these places of the result. */
export function unsqueeze(graph: GraphBuilder, value: Value, axes: readonly number[]): Value {
  const from = plain(graph, value);
  const shape: Dim[] = [...from.shape];
  for (const axis of axes.toSorted((a, b) => a - b)) shape.splice(axis, 0, 1);
  const constant = graph.constant(`axes_${axes.join('_')}`, int64([axes.length], axes));
  return graph.op('Unsqueeze', [from, constant], { dtype: value.dtype, shape });
}

/** Axes of length 1 taken out. */
export function squeeze(graph: GraphBuilder, value: Value, axes: readonly number[]): Value {
  const from = plain(graph, value);
  const shape = from.shape.filter((_, axis) => !axes.includes(axis));
  const constant = graph.constant(`axes_${axes.join('_')}`, int64([axes.length], axes));
  return graph.op('Squeeze', [from, constant], { dtype: value.dtype, shape });
}

/** Batched matrix product of plain values. */
export function matMul(graph: GraphBuilder, a: Value, b: Value): Value {
  const [left, right] = [plain(graph, a), plain(graph, b)];
  const batch = broadcast(left.shape.slice(0, -2), right.shape.slice(0, -2));
  const shape = [...batch, left.shape.at(-2)!, right.shape.at(-1)!];
  return graph.op('MatMul', [left, right], { dtype: a.dtype, shape });
}

export function withMask(value: Value, mask: Value | undefined): Value {
  const { name, dtype, shape, layout } = value;
  return { name, dtype, shape, layout, ...(mask === undefined ? {} : { mask }) };
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** Numpy's rule: aligned at the last axis, 1 stretches. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index): Dim => {
    const left = a[index - rank + a.length] ?? 1;
    const right = b[index - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    // An exact length is what a symbol must turn out to be.
    if (typeof left === 'string') return right;
    if (typeof right === 'string') return left;
    throw new Refusal(
      `shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast`,
      'Save the model again: this topology cannot run.',
    );
  });
}

/** The static length of an axis. Throws where it is a symbol. */
export function exactDim(value: Value, axis: number, what: string): number {
  const dim = value.shape.at(axis);
  if (typeof dim === 'number') return dim;
  throw new Refusal(
    `${what} must be known, its input is [${value.shape.join(', ')}]`,
    'Give the input an exact shape.',
  );
}
