import type { GraphBuilder } from '../../graph/builder.ts';
import { cast, compare, scalar } from '../../graph/ops.ts';
import type { Value } from '../../graph/value.ts';
import { int } from '../../onnx/model.ts';
import { float32, int64 } from '../../onnx/tensor-data.ts';
import { mapped, weightedMean, type Stack } from './stack.ts';

/** The share of the weight that votes for each class; a member torn between classes votes for the lowest. */
export function majorityVote(graph: GraphBuilder, stack: Stack): Value {
  const votes = mapped(stack, (value) => {
    const last = value.shape.length - 1;
    const choice = graph.op(
      'ArgMax',
      [value],
      { dtype: 'int64', shape: value.shape.slice(0, -1) },
      { axis: int(last), keepdims: int(0) },
    );
    const classes = value.shape[last] as number;
    const depth = graph.constant(`depth_${classes}`, int64([1], [classes]));
    const values = graph.constant('off_on', float32([2], [0, 1]));
    return graph.op('OneHot', [choice, depth, values], value, { axis: int(-1) });
  });
  return weightedMean(graph, votes);
}

/** The share of the weight that votes for the positive side; a member at one half votes for the other. */
export function positiveVote(graph: GraphBuilder, stack: Stack): Value {
  const isPositive = (value: Value): Value => compare(graph, 'Greater', value, scalar(graph, 0.5));
  return weightedMean(
    graph,
    mapped(stack, (value) => cast(graph, { ...isPositive(value), shape: value.shape }, 'float32')),
  );
}
