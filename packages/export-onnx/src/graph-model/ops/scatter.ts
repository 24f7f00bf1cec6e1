import { cast, unsqueeze } from '../../graph/ops.ts';
import type { Value } from '../../graph/value.ts';
import { string } from '../../onnx/model.ts';
import { emits, input, plainOf, type OpCall, type OpConverter } from '../op.ts';
import { tensorOfKnown, type Tensor } from '../tensor.ts';
import { broadcastTo } from './broadcast.ts';

/** Zeros, or another value, of a computed shape. */
export function filled(call: OpCall, target: Tensor, value: Value): Value {
  return broadcastTo(call, value, target);
}

function zeroOf(call: OpCall, dtype: Tensor['dtype']): Value {
  return tensorOfKnown(dtype, [], [0])!.value(call.scope);
}

export const scatterNd: OpConverter = emits((call) => {
  const [indices, updates] = [plainOf(call, 0), plainOf(call, 1)];
  const { graph } = call;
  const zeros = filled(call, input(call, 2), zeroOf(call, input(call, 1).dtype));
  const wide = cast(graph, indices, 'int64');
  // Indices that occur twice add up.
  return graph.op('ScatterND', [zeros, wide, updates], zeros, { reduction: string('add') });
});

export const scatterUpdate: OpConverter = emits((call) => {
  const [x, indices, updates] = [plainOf(call, 0), plainOf(call, 1), plainOf(call, 2)];
  return call.graph.op('ScatterND', [x, cast(call.graph, indices, 'int64'), updates], x);
});

export const sparseToDense: OpConverter = emits((call) => {
  const { graph } = call;
  const indices = plainOf(call, 0);
  const values = plainOf(call, 2);
  const fallback = call.inputs[3]?.value(call.scope) ?? zeroOf(call, input(call, 2).dtype);
  const dense = filled(call, input(call, 1), fallback);
  const rank = dense.shape.length;
  const missing = 2 - indices.shape.length;
  const open =
    missing <= 0
      ? indices
      : unsqueeze(graph, indices, missing === 2 ? [0, 1] : rank === 1 ? [1] : [0]);
  const [count] = open.shape;
  const many =
    values.shape.length > 0
      ? values
      : graph.op('Expand', [values, call.dims.vector(graph, [count!])], {
          dtype: values.dtype,
          shape: [count!],
        });
  return graph.op('ScatterND', [dense, cast(graph, open, 'int64'), many], dense);
});
