import { cast, unsqueeze } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import { int } from '../../onnx/model.ts';
import { axisOf, emits, exact, input, number, plainOf, type OpConverter } from '../op.ts';
import { tensorOf, tensorOfKnown } from '../tensor.ts';

export const gather: OpConverter = (call) => {
  const [x, indices] = [input(call, 0), input(call, 1)];
  const batch = call.attributes.int('batch_dims', 0);
  const axis = call.inputs.length > 2 ? axisOf(number(call, 2, 'its axis'), x.shape.length) : 0;
  const places = indices.known;
  if (x.shape.length === 1 && x.known !== undefined && places !== undefined) {
    const picked = places.map((at) =>
      typeof at === 'number' ? x.known![at < 0 ? at + x.known!.length : at] : undefined,
    );
    if (picked.every((dim) => dim !== undefined)) {
      const known = tensorOfKnown(x.dtype, indices.shape as number[], picked);
      if (known !== undefined) return known;
    }
  }
  const { graph } = call;
  const [from, at] = [plainOf(call, 0), plainOf(call, 1)];
  if (batch === 0) {
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    const whole = at.dtype === 'int32' ? at : cast(graph, at, 'int32');
    return tensorOf(
      graph.op('Gather', [from, whole], { dtype: x.dtype, shape }, { axis: int(axis) }),
    );
  }
  if (batch !== axis)
    throw new Refusal(
      `it gathers along axis ${axis} with batch_dims ${batch}`,
      'Gather along the axis after the batch.',
    );
  const open = cast(graph, unsqueeze(graph, at, [at.shape.length]), 'int64');
  const shape = [...indices.shape, ...x.shape.slice(axis + 1)];
  return tensorOf(
    graph.op('GatherND', [from, open], { dtype: x.dtype, shape }, { batch_dims: int(batch) }),
  );
};

export const gatherNd: OpConverter = emits((call) => {
  const [x, indices] = [plainOf(call, 0), plainOf(call, 1)];
  const depth = exact(indices.shape, -1, 'the number of indices');
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(depth)];
  return call.graph.op('GatherND', [x, cast(call.graph, indices, 'int64')], {
    dtype: x.dtype,
    shape,
  });
});
