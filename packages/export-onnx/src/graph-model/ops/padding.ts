import { plain } from '../../graph/layout.ts';
import { concat as concatValues, slice } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import { physicalAxis, type Value } from '../../graph/value.ts';
import { string } from '../../onnx/model.ts';
import { vector } from '../align.ts';
import { numbers, plainOf, stored, type OpCall, type OpConverter } from '../op.ts';
import { tensorOf, type Tensor } from '../tensor.ts';

const padding = (mode: 'constant' | 'reflect', call: OpCall): Tensor => {
  const amounts = numbers(call, 1, 'its paddings');
  const given = stored(call, 0);
  const x = typeof given.layout === 'string' ? given : plain(call.graph, given);
  const rank = x.shape.length;
  if (amounts.length !== 2 * rank || amounts.some((amount) => amount < 0 || amount > 2 ** 24))
    throw new Refusal(`its paddings are [${amounts.join(', ')}]`, 'Convert the model again.');
  if (amounts.every((amount) => amount === 0)) return tensorOf(x);
  const shape = x.shape.map((dim, axis) =>
    call.dims.add(dim, amounts[2 * axis]! + amounts[2 * axis + 1]!),
  );
  const [begins, ends] = [new Array<number>(rank), new Array<number>(rank)];
  for (let axis = 0; axis < rank; axis++) {
    begins[physicalAxis(x, axis)] = amounts[2 * axis]!;
    ends[physicalAxis(x, axis)] = amounts[2 * axis + 1]!;
  }
  const fill = call.inputs[2];
  const inputs = [x, vector(call.graph, 'pads', [...begins, ...ends])];
  if (fill !== undefined) inputs.push(fill.value(call.scope));
  return tensorOf(call.graph.op('Pad', inputs, { ...x, shape }, { mode: string(mode) }));
};

export const pad: OpConverter = (call) => padding('constant', call);

export const mirrorPad: OpConverter = (call) => {
  if (call.attributes.text('mode', 'REFLECT') === 'REFLECT') return padding('reflect', call);
  // SYMMETRIC repeats the edge, which ONNX does not have: turned ends are joined.
  const amounts = numbers(call, 1, 'its paddings');
  const { graph } = call;
  let x = plainOf(call, 0);
  for (let axis = 0; axis < x.shape.length; axis++) {
    const [before, after] = [amounts[2 * axis]!, amounts[2 * axis + 1]!];
    const turned = (start: number, end: number): Value =>
      slice(graph, slice(graph, x, axis, start, end), axis, -1, -(2 ** 31 - 1), -1);
    const ends = [
      ...(before > 0 ? [turned(0, before)] : []),
      x,
      ...(after > 0 ? [turned(-after, 2 ** 31 - 1)] : []),
    ];
    const shape = x.shape.with(axis, call.dims.add(x.shape[axis]!, before + after));
    if (ends.length > 1) x = { ...concatValues(graph, ends, axis), shape };
  }
  return tensorOf(x);
};
