import { cast, concat, squeeze, unsqueeze } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import type { Value } from '../../graph/value.ts';
import { int } from '../../onnx/model.ts';
import { int64 } from '../../onnx/tensor-data.ts';
import { vector } from '../align.ts';
import { knownOf, number, plainOf, type OpConverter } from '../op.ts';
import { tensorOf } from '../tensor.ts';

export const suppress: OpConverter = (call) => {
  const { graph, op, attributes } = call;
  const scalarOf = (index: number, dtype: 'float32' | 'int64'): Value | undefined => {
    const given = call.inputs[index]?.value(call.scope);
    if (given === undefined) return undefined;
    const flat = graph.op('Reshape', [given, vector(graph, 'shape', [1])], {
      dtype: given.dtype,
      shape: [1],
    });
    return cast(graph, flat, dtype);
  };
  if (op === 'NonMaxSuppressionV5' && call.inputs.length > 5 && number(call, 5, 'its sigma') !== 0)
    throw new Refusal(
      'soft_nms_sigma is not 0: ONNX drops boxes, it does not lower their scores',
      'Use a sigma of 0.',
    );
  const [boxes, scores] = [plainOf(call, 0), plainOf(call, 1)];
  const found = call.dims.unknown('boxes');
  const inputs = [
    unsqueeze(graph, boxes, [0]),
    unsqueeze(graph, scores, [0, 1]),
    scalarOf(2, 'int64'),
    scalarOf(3, 'float32'),
    op === 'NonMaxSuppressionV2' ? undefined : scalarOf(4, 'float32'),
  ];
  while (inputs.at(-1) === undefined) inputs.pop();
  const all = graph.op('NonMaxSuppression', inputs, { dtype: 'int64', shape: [found, 3] });
  const two = graph.constant('column', int64([], [2]));
  const column = graph.op(
    'Gather',
    [all, two],
    { dtype: 'int64', shape: [found] },
    { axis: int(1) },
  );
  const picked = cast(graph, column, 'int32');
  if (op === 'NonMaxSuppressionV5')
    return [
      tensorOf(picked),
      tensorOf(
        graph.op(
          'Gather',
          [scores, picked],
          { dtype: 'float32', shape: [found] },
          { axis: int(0) },
        ),
      ),
    ];
  if (op !== 'NonMaxSuppressionV4') return tensorOf(picked);
  const count = graph.op('Shape', [picked], { dtype: 'int64', shape: [1] });
  const valid = tensorOf(cast(graph, squeeze(graph, count, [0]), 'int32'));
  if (!attributes.boolean('pad_to_max_output_size', false)) return [tensorOf(picked), valid];
  const [limit, many] = [knownOf(call, 2)?.[0], boxes.shape[0]];
  if (typeof limit === 'number' && typeof many === 'number' && many < limit)
    throw new Refusal(
      `it pads to ${limit} of ${many} boxes, where tfjs pads to ${many} only`,
      'Ask for no more boxes than there are.',
    );
  const missing = graph.op('Sub', [inputs[2], count], { dtype: 'int64', shape: [1] });
  const pads = concat(graph, [vector(graph, 'none', [0]), missing], 0);
  const length = knownOf(call, 2)?.[0] ?? call.dims.unknown('padded');
  return [tensorOf(graph.op('Pad', [picked, pads], { dtype: 'int32', shape: [length] })), valid];
};
