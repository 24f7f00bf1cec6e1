import { plain } from '../../graph/layout.ts';
import { cast } from '../../graph/ops.ts';
import type { Value } from '../../graph/value.ts';
import { unknownShape, type OpCall } from '../op.ts';
import type { Tensor } from '../tensor.ts';

export function broadcastTo(call: OpCall, value: Value, target: Tensor): Value {
  const dims = target.known;
  const { graph } = call;
  const from = plain(graph, value);
  if (dims === undefined) {
    const shape = unknownShape(call, target.shape, 'expanded');
    const wanted = cast(graph, plain(graph, target.value(call.scope)), 'int64');
    return graph.op('Expand', [from, wanted], { dtype: from.dtype, shape });
  }
  const missing = dims.length - from.shape.length;
  const shape = dims.map((dim, axis) => (dim === -1 ? from.shape[axis - missing]! : dim));
  if (shape.join() === from.shape.join()) return from;
  return graph.op('Expand', [from, call.dims.vector(graph, shape)], { dtype: from.dtype, shape });
}
