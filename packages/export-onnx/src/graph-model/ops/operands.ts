import type { Attributes, GraphBuilder } from '../../graph/builder.ts';
import { scalar } from '../../graph/ops.ts';
import type { Value } from '../../graph/value.ts';
import type { Dim } from '../../onnx/model.ts';
import { tensorData } from '../../onnx/tensor-data.ts';
import { align } from '../align.ts';
import type { TensorType } from '../attributes.ts';
import { broadcastShape, input, knownOf, type OpCall } from '../op.ts';
import { tensorOfKnown, type Tensor } from '../tensor.ts';

/** What an operation of two operands does with known elements; undefined where symbols hide the result. */
export type Compute = (call: OpCall, a: Dim, b: Dim) => Dim | undefined;

export const exactly =
  (compute: (a: number, b: number) => number): Compute =>
  (_, a, b) =>
    typeof a === 'number' && typeof b === 'number' ? compute(a, b) : undefined;

/** Elements of two known operands, broadcast; undefined where they are not all known. */
export function computed(
  call: OpCall,
  compute: Compute,
  dtype: TensorType = input(call, 0).dtype,
): Tensor | undefined {
  const [a, b] = [knownOf(call, 0), knownOf(call, 1)];
  if (a === undefined || b === undefined) return undefined;
  const [left, right] = [input(call, 0).shape, input(call, 1).shape];
  const isSame = left.join() === right.join();
  if (!isSame && a.length !== 1 && b.length !== 1) return undefined;
  const shape = broadcastShape(call, left, right) as readonly number[];
  const count = Math.max(a.length, b.length) * Math.min(1, a.length, b.length);
  const results: Dim[] = [];
  for (let index = 0; index < count; index++) {
    const result = compute(call, a[a.length === 1 ? 0 : index]!, b[b.length === 1 ? 0 : index]!);
    if (result === undefined || (typeof result === 'number' && !Number.isFinite(result)))
      return undefined;
    results.push(dtype === 'float32' && typeof result === 'number' ? Math.fround(result) : result);
  }
  return tensorOfKnown(dtype, shape, results);
}

/** Two operands in one layout and what comes out of them. */
export function operands(call: OpCall): {
  readonly a: Value;
  readonly b: Value;
  readonly out: Value;
} {
  const [first, second] = [input(call, 0), input(call, 1)];
  const { values, layout } = align([first, second], call.scope);
  const [a, b] = values as [Value, Value];
  const shape = broadcastShape(call, first.shape, second.shape);
  return { a, b, out: { ...a, shape, layout } };
}

export function one(
  graph: GraphBuilder,
  opType: string,
  x: Value,
  attributes: Attributes = {},
): Value {
  return graph.op(opType, [x], x, attributes);
}

export function int32(graph: GraphBuilder, value: number): Value {
  return graph.constant(`int_${value}`, tensorData('int32', [], Int32Array.of(value)));
}

/** Elements of the type of `like`. */
export function number(graph: GraphBuilder, value: number, like: Value): Value {
  return like.dtype === 'int32' ? int32(graph, value) : scalar(graph, value);
}
