import type { GraphBuilder } from '../../graph/builder.ts';
import { binary, compare, reduce, scalar, unary } from '../../graph/ops.ts';
import type { Value } from '../../graph/value.ts';
import { int } from '../../onnx/model.ts';

/** As in ensemble-math: the smallest normal float32, so that an underflow does not veto a class. */
const SMALLEST_PROBABILITY = 2 ** -126;

export function softmax(graph: GraphBuilder, value: Value): Value {
  return unary(graph, 'Softmax', value, { axis: int(value.shape.length - 1) });
}

/** ln p, finite for p = 0. */
export function safeLog(graph: GraphBuilder, value: Value): Value {
  return unary(graph, 'Log', graph.op('Max', [value, scalar(graph, SMALLEST_PROBABILITY)], value));
}

/** 1 − p. */
export function otherSide(graph: GraphBuilder, value: Value): Value {
  return { ...binary(graph, 'Sub', scalar(graph, 1), value), shape: value.shape };
}

/** ln(p / (1 − p)), finite for 0 and 1. */
export function logOdds(graph: GraphBuilder, value: Value): Value {
  return binary(graph, 'Sub', safeLog(graph, value), safeLog(graph, otherSide(graph, value)));
}

/** A reduction of the last axis, kept as 1. */
export function overLast(graph: GraphBuilder, opType: string, value: Value): Value {
  return reduce(graph, opType, value, [value.shape.length - 1]);
}

/** Rows divided by their sums; a row of zeros becomes uniform. */
export function normalized(graph: GraphBuilder, value: Value): Value {
  const sum = overLast(graph, 'ReduceSum', value);
  const isZero = compare(graph, 'Equal', sum, scalar(graph, 0));
  const uniform = scalar(graph, 1 / (value.shape.at(-1) as number));
  const divided = binary(graph, 'Div', value, sum);
  return graph.op('Where', [isZero, uniform, divided], divided);
}

/** −Σ p ln p of each row in nats, `[…, 1]`, never below zero. */
export function entropy(graph: GraphBuilder, probabilities: Value): Value {
  const terms = binary(graph, 'Mul', probabilities, safeLog(graph, probabilities));
  return unary(graph, 'Relu', unary(graph, 'Neg', overLast(graph, 'ReduceSum', terms)));
}

/** The entropy of both sides of each probability, averaged over the row: `[…, 1]`. */
export function twoSidedEntropy(graph: GraphBuilder, probabilities: Value): Value {
  const term = (p: Value): Value => binary(graph, 'Mul', p, safeLog(graph, p));
  const sum = binary(graph, 'Add', term(probabilities), term(otherSide(graph, probabilities)));
  return overLast(graph, 'ReduceMean', unary(graph, 'Relu', unary(graph, 'Neg', sum)));
}
