import type { GraphBuilder } from '../../graph/builder.ts';
import { binary, compare, reduce, scalar } from '../../graph/ops.ts';
import type { Value } from '../../graph/value.ts';
import { int } from '../../onnx/model.ts';
import { float32, int64 } from '../../onnx/tensor-data.ts';
import type { Stack } from './stack.ts';

// Weights are summed in float32; a sum this close to one half is one half.
const HALF_TOLERANCE = 1e-6;

/**
 * Value by value, the smallest member value at which half of the weight is reached, halfway to the next where it is reached
 * exactly.
 */
export function weightedMedian(graph: GraphBuilder, { value, weights }: Stack): Value {
  const k = graph.constant(`k_${weights.length}`, int64([1], [weights.length]));
  const [sorted, order] = graph.node(
    'TopK',
    [value, k],
    [value, { dtype: 'int64', shape: value.shape }],
    { axis: int(1), largest: int(0) },
  );
  const table = graph.constant('weights', float32([weights.length], weights));
  const inOrder = graph.op('Gather', [table, order!], value, { axis: int(0) });
  const axis = graph.constant('axis_1', int64([], [1]));
  const reached = graph.op('CumSum', [inOrder, axis], value);
  const firstAbove = (share: number): Value => {
    const isAbove = compare(graph, 'Greater', reached, scalar(graph, share));
    const candidates = graph.op('Where', [isAbove, sorted!, scalar(graph, Infinity)], value);
    return reduce(graph, 'ReduceMin', candidates, [1], false);
  };
  const sum = binary(
    graph,
    'Add',
    firstAbove(0.5 - HALF_TOLERANCE),
    firstAbove(0.5 + HALF_TOLERANCE),
  );
  return binary(graph, 'Mul', sum, scalar(graph, 0.5));
}
