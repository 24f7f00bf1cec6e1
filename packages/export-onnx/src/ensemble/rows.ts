import type { GraphBuilder } from '../graph/builder.ts';
import { binary, compare, concat, reduce, scalar, unary, unsqueeze } from '../graph/ops.ts';
import type { Value } from '../graph/value.ts';
import { int } from '../onnx/model.ts';

/** As in ensemble-math: the smallest normal float32, so that an underflow does not veto a class. */
const SMALLEST_PROBABILITY = 2 ** -126;

export function softmax(graph: GraphBuilder, value: Value): Value {
  return unary(graph, 'Softmax', value, { axis: int(value.shape.length - 1) });
}

/** ln p, finite for p = 0. */
export function safeLog(graph: GraphBuilder, value: Value): Value {
  return unary(graph, 'Log', graph.op('Max', [value, scalar(graph, SMALLEST_PROBABILITY)], value));
}

/** Members stacked on a new axis 1: `[batch, members, …]`. */
export function stack(graph: GraphBuilder, members: readonly Value[]): Value {
  return concat(
    graph,
    members.map((member) => unsqueeze(graph, member, [1])),
    1,
  );
}

/** Rows divided by their sums; a row of zeros becomes uniform. */
export function normalized(graph: GraphBuilder, value: Value): Value {
  const last = value.shape.length - 1;
  const sum = reduce(graph, 'ReduceSum', value, [last]);
  const isZero = compare(graph, 'Equal', sum, scalar(graph, 0));
  const uniform = scalar(graph, 1 / (value.shape[last] as number));
  const divided = binary(graph, 'Div', value, sum);
  return graph.op('Where', [isZero, uniform, divided], divided);
}

/** −Σ p ln p of each row in nats, `[batch, …, 1]`, never below zero. */
export function entropy(graph: GraphBuilder, probabilities: Value): Value {
  const last = probabilities.shape.length - 1;
  const terms = binary(graph, 'Mul', probabilities, safeLog(graph, probabilities));
  return unary(graph, 'Relu', unary(graph, 'Neg', reduce(graph, 'ReduceSum', terms, [last])));
}
