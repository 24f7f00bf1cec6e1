import { slice, transpose as transposeValue } from '../../graph/ops.ts';
import type { Dim } from '../../onnx/model.ts';
import { vector } from '../align.ts';
import { checkRank, numbers, plainOf, type OpConverter } from '../op.ts';
import { tensorOf } from '../tensor.ts';
import { reshapeTo } from './reshape.ts';

export const spaceToBatch: OpConverter = (call) => {
  const blocks = numbers(call, 1, 'its block shape');
  const pads = numbers(call, 2, 'its paddings');
  const { graph, dims } = call;
  checkRank(call, 0, 1 + blocks.length, Infinity);
  const x = plainOf(call, 0);
  const sides = blocks.length;
  const all = [0, 0, ...pads, ...new Array<number>(2 * (x.shape.length - 1 - sides)).fill(0)];
  const rank = x.shape.length;
  const padded = x.shape.map((dim, axis) => dims.add(dim, all[2 * axis]! + all[2 * axis + 1]!));
  const order = [
    ...Array.from({ length: rank }, (_, a) => all[2 * a]!),
    ...Array.from({ length: rank }, (_, a) => all[2 * a + 1]!),
  ];
  const from = all.every((amount) => amount === 0)
    ? x
    : graph.op('Pad', [x, vector(graph, 'pads', order)], { dtype: x.dtype, shape: padded });
  const cells = blocks.map((block, side) => dims.divide(padded[side + 1]!, block));
  const open = [
    padded[0]!,
    ...blocks.flatMap((block, side) => [cells[side]!, block]),
    ...padded.slice(1 + sides),
  ];
  const split = reshapeTo(call, tensorOf(from), open).value(call.scope);
  const places = blocks.map((_, side) => side);
  const rests = open.slice(1 + 2 * sides).map((_, index) => 1 + 2 * sides + index);
  const perm = [
    ...places.map((side) => 2 + 2 * side),
    0,
    ...places.map((side) => 1 + 2 * side),
    ...rests,
  ];
  const moved = transposeValue(graph, split, perm);
  const batch = blocks.reduce((total: Dim, block) => dims.multiply(total, block), padded[0]!);
  return reshapeTo(call, tensorOf(moved), [batch, ...cells, ...padded.slice(1 + sides)]);
};

export const batchToSpace: OpConverter = (call) => {
  const blocks = numbers(call, 1, 'its block shape');
  const crops = numbers(call, 2, 'its crops');
  const { graph, dims } = call;
  checkRank(call, 0, 1 + blocks.length, Infinity);
  const x = plainOf(call, 0);
  const sides = blocks.length;
  const batch = blocks.reduce((total: Dim, block) => dims.divide(total, block), x.shape[0]!);
  const open = [...blocks, batch, ...x.shape.slice(1)];
  const split = reshapeTo(call, tensorOf(x), open).value(call.scope);
  const rests = x.shape.slice(1 + sides).map((_, index) => 1 + 2 * sides + index);
  const perm = [sides, ...blocks.flatMap((_, side) => [sides + 1 + side, side]), ...rests];
  const moved = transposeValue(graph, split, perm);
  const grown = blocks.map((block, side) => dims.multiply(x.shape[side + 1]!, block));
  let joined = reshapeTo(call, tensorOf(moved), [
    batch,
    ...grown,
    ...x.shape.slice(1 + sides),
  ]).value(call.scope);
  blocks.forEach((_, side) => {
    const [begin, end] = [crops[2 * side]!, crops[2 * side + 1]!];
    if (begin === 0 && end === 0) return;
    const cut = slice(graph, joined, side + 1, begin, end === 0 ? 2 ** 31 - 1 : -end);
    joined = { ...cut, shape: joined.shape.with(side + 1, dims.add(grown[side]!, -begin - end)) };
  });
  return tensorOf(joined);
};
