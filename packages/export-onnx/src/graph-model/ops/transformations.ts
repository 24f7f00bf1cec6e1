import { cast, transpose as transposeValue } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import { asChannelsFirst, asStored } from '../../graph/value.ts';
import type { Dim } from '../../onnx/model.ts';
import { transposed } from '../../onnx/tensor-data.ts';
import {
  axisOf,
  emits,
  input,
  numbers,
  stored,
  type OpConverter,
  type OpConverters,
} from '../op.ts';
import { tensorOf, tensorOfData, tensorOfKnown } from '../tensor.ts';
import { batchToSpace, spaceToBatch } from './blocks.ts';
import { broadcastTo } from './broadcast.ts';
import { mirrorPad, pad } from './padding.ts';
import { expandDims, reshape, squeeze } from './reshape.ts';

const transpose: OpConverter = (call) => {
  const x = input(call, 0);
  const rank = x.shape.length;
  const given = numbers(call, 1, 'its permutation').map((axis) => axisOf(axis, rank));
  if (new Set(given).size !== rank || given.length !== rank)
    throw new Refusal(`its permutation is [${given.join(', ')}]`, 'Convert the model again.');
  if (x.data !== undefined) return tensorOfData('transposed', transposed(x.data, given));
  const value = stored(call, 0);
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const toFirst = [0, rank - 1, ...axes.slice(1, -1)];
  const toLast = [0, ...axes.slice(2), 1];
  if (rank > 2 && value.layout === 'channelsFirst' && given.join() === toFirst.join())
    return tensorOf(asStored(value));
  // NCHW made NHWC is NHWC stored channels first.
  if (rank > 2 && value.layout === 'plain' && given.join() === toLast.join())
    return tensorOf(asChannelsFirst(value));
  return tensorOf(transposeValue(call.graph, value, given));
};

export const transformations: OpConverters = {
  BatchToSpaceND: batchToSpace,
  BroadcastTo: emits((call) => broadcastTo(call, stored(call, 0), input(call, 1))),
  Cast: (call) => {
    const x = input(call, 0);
    const dtype = call.attributes.type('DstT');
    if (dtype === undefined)
      throw new Refusal(
        'it casts to a type that tfjs does not compute with',
        'Convert the model without it.',
      );
    if (x.dtype === dtype) return x;
    if (x.known !== undefined) {
      const isExact = x.known.every((dim) => typeof dim === 'number' && Number.isFinite(dim));
      const convert = (dim: Dim): Dim =>
        typeof dim === 'string'
          ? dim
          : dtype === 'bool'
            ? Number(dim !== 0)
            : dtype === 'int32'
              ? Math.trunc(dim)
              : dim;
      const result = isExact
        ? tensorOfKnown(dtype, x.shape as number[], x.known.map(convert))
        : undefined;
      if (result !== undefined) return result;
    }
    return tensorOf(cast(call.graph, stored(call, 0), dtype));
  },
  ExpandDims: expandDims,
  MirrorPad: mirrorPad,
  Pad: pad,
  PadV2: pad,
  Reshape: reshape,
  SpaceToBatchND: spaceToBatch,
  Squeeze: squeeze,
  Transpose: transpose,
};
