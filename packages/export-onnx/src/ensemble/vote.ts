import type { GraphBuilder } from '../graph/builder.ts';
import type { Value } from '../graph/value.ts';
import { int } from '../onnx/model.ts';
import { float32, int64 } from '../onnx/tensor-data.ts';
import { weightedMean, type Shares } from './shares.ts';

/** The share of the weight that votes for each class; a member torn between classes votes for the lowest. */
export function majorityVote(graph: GraphBuilder, { members, weights }: Shares): Value {
  const votes = members.map((member) => {
    const last = member.shape.length - 1;
    const choice = graph.op(
      'ArgMax',
      [member],
      { dtype: 'int64', shape: member.shape.slice(0, -1) },
      { axis: int(last), keepdims: int(0) },
    );
    const classes = member.shape[last] as number;
    const depth = graph.constant(`depth_${classes}`, int64([1], [classes]));
    const values = graph.constant('off_on', float32([2], [0, 1]));
    return graph.op('OneHot', [choice, depth, values], member, { axis: int(-1) });
  });
  return weightedMean(graph, { members: votes, weights });
}
