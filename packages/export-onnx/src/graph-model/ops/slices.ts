import { cast, compare } from '../../graph/ops.ts';
import type { Value } from '../../graph/value.ts';
import { int64 } from '../../onnx/tensor-data.ts';
import { input, knownOf, plainOf, type OpConverter, type OpConverters } from '../op.ts';
import { tensorOf } from '../tensor.ts';
import { gather, gatherNd } from './gather.ts';
import { END, cut, rangeOf } from './ranges.ts';
import { scatterNd, scatterUpdate, sparseToDense } from './scatter.ts';
import { stridedSlice } from './strided-slice.ts';

const slice: OpConverter = (call) => {
  const x = input(call, 0);
  const [begin, size] = [knownOf(call, 1), knownOf(call, 2)];
  if (begin !== undefined && size !== undefined) {
    const ranges = begin.map((start, axis) => {
      const length = size[axis] ?? -1;
      const end = length === -1 ? undefined : call.dims.add(start, length);
      const range = rangeOf(call, axis, x.shape[axis] ?? 1, start, end, 1);
      return length === -1 ? range : { ...range, length };
    });
    return cut(call, x, ranges);
  }
  const { graph, dims } = call;
  const from = plainOf(call, 0);
  const [start, length] = [1, 2].map((index) => cast(graph, plainOf(call, index), 'int64')) as [
    Value,
    Value,
  ];
  const spec = { dtype: 'int64', shape: length.shape } as const;
  const isRest = compare(graph, 'Less', length, graph.constant('zero', int64([], [0])));
  const sum = graph.op('Add', [start, length], spec);
  const end = graph.op('Where', [isRest, graph.constant('end', int64([], [END])), sum], spec);
  const shape = from.shape.map((_, axis) => {
    const known = size?.[axis];
    return known === undefined || known === -1 ? dims.unknown('sliced') : known;
  });
  return tensorOf(graph.op('Slice', [from, start, end], { dtype: from.dtype, shape }));
};

export const slices: OpConverters = {
  Gather: gather,
  GatherNd: gatherNd,
  GatherV2: gather,
  ScatterNd: scatterNd,
  Slice: slice,
  SparseToDense: sparseToDense,
  StridedSlice: stridedSlice,
  TensorScatterUpdate: scatterUpdate,
};
