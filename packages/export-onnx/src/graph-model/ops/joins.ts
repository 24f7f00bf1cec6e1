import { cast, slice, unsqueeze } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import { physicalAxis } from '../../graph/value.ts';
import { int } from '../../onnx/model.ts';
import { align } from '../align.ts';
import {
  checkRank,
  axisOf,
  input,
  knownOf,
  number,
  numbers,
  plainOf,
  type OpCall,
  type OpConverter,
  type OpConverters,
} from '../op.ts';
import { reshapedKnown, tensorOf, tensorOfKnown, type Tensor } from '../tensor.ts';
import { split, splitV, unpack } from './parts.ts';

/** Join along an axis, in one layout. */
function join(call: OpCall, tensors: readonly Tensor[], axis: number): Tensor {
  const [first] = tensors;
  if (first === undefined) throw new Refusal('it joins nothing', 'Convert the model again.');
  if (tensors.length === 1) return first;
  const rank = first.shape.length;
  const sum = tensors.map(({ shape }) => shape[axis] ?? 0).reduce((a, b) => call.dims.add(a, b));
  const shape = first.shape.map((dim, place) => {
    if (place === axis) return sum;
    // Where one knows, all do.
    return (
      tensors.map((tensor) => tensor.shape[place]!).find((other) => typeof other === 'number') ??
      dim
    );
  });
  if (rank === 1 && tensors.every(({ known }) => known !== undefined)) {
    const all = tensorOfKnown(
      first.dtype,
      shape as number[],
      tensors.flatMap(({ known }) => known!),
    );
    if (all !== undefined) return all;
  }
  if (tensors.some((tensor) => tensor.shape.length !== rank))
    throw new Refusal('it joins tensors of different ranks', 'Convert the model again.');
  const { values, layout } = align(tensors, call.scope);
  const place = physicalAxis({ ...values[0]!, layout }, axis);
  return tensorOf(
    call.graph.op('Concat', values, { dtype: first.dtype, shape, layout }, { axis: int(place) }),
  );
}

const concatV2: OpConverter = (call) => {
  const axis = axisOf(number(call, -1, 'its axis'), input(call, 0).shape.length);
  return join(call, call.inputs.slice(0, -1), axis);
};

const concat: OpConverter = (call) => {
  const axis = axisOf(number(call, 0, 'its axis'), input(call, 1).shape.length);
  return join(call, call.inputs.slice(1), axis);
};

const pack: OpConverter = (call) => {
  const axis = axisOf(call.attributes.int('axis', 0), input(call, 0).shape.length + 1);
  const open = call.inputs.map(
    (tensor) =>
      reshapedKnown(tensor, tensor.shape.toSpliced(axis, 0, 1)) ??
      tensorOf(unsqueeze(call.graph, tensor.value(call.scope), [axis])),
  );
  return join(call, open, axis);
};

const tile: OpConverter = (call) => {
  const x = plainOf(call, 0);
  const repeats = knownOf(call, 1);
  const shape = x.shape.map((dim, axis) =>
    repeats === undefined
      ? call.dims.unknown('tiled')
      : call.dims.multiply(dim, repeats[axis] ?? 1),
  );
  const counts =
    repeats === undefined
      ? cast(call.graph, plainOf(call, 1), 'int64')
      : call.dims.vector(call.graph, repeats);
  return tensorOf(call.graph.op('Tile', [x, counts], { dtype: x.dtype, shape }));
};

function reversed(call: OpCall, axes: readonly number[]): Tensor {
  return tensorOf(
    axes.reduce(
      (value, axis) => slice(call.graph, value, axis, -1, -(2 ** 31 - 1), -1),
      plainOf(call, 0),
    ),
  );
}

const reverseV2: OpConverter = (call) => {
  const rank = input(call, 0).shape.length;
  return reversed(
    call,
    numbers(call, 1, 'its axes').map((axis) => axisOf(axis, rank)),
  );
};

const reverse: OpConverter = (call) => {
  const flags = numbers(call, 1, 'its axes');
  checkRank(call, 0, flags.length, flags.length);
  return reversed(
    call,
    flags.flatMap((flag, axis) => (flag === 0 ? [] : [axis])),
  );
};

export const joins: OpConverters = {
  Concat: concat,
  ConcatV2: concatV2,
  Pack: pack,
  Reverse: reverse,
  ReverseV2: reverseV2,
  Split: split,
  SplitV: splitV,
  Tile: tile,
  Unpack: unpack,
};
