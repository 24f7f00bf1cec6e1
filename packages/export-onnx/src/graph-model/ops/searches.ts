import { cast, compare, reduce, squeeze, transpose, unsqueeze } from '../../graph/ops.ts';
import { int } from '../../onnx/model.ts';
import { vector } from '../align.ts';
import {
  checkRank,
  axisOf,
  emits,
  knownOf,
  plainOf,
  type OpConverter,
  type OpConverters,
} from '../op.ts';
import { tensorOf, tensorOfKnown } from '../tensor.ts';
import { suppress } from './non-max-suppression.ts';

const where: OpConverter = emits((call) => {
  const x = plainOf(call, 0);
  const { graph } = call;
  const count = call.dims.unknown('found');
  const found = graph.op('NonZero', [cast(graph, x, 'bool')], {
    dtype: 'int64',
    shape: [x.shape.length, count],
  });
  return cast(graph, transpose(graph, found, [1, 0]), 'int32');
});

const listDiff: OpConverter = (call) => {
  const { graph } = call;
  const [x, y] = [plainOf(call, 0), plainOf(call, 1)];
  const equal = compare(graph, 'Equal', unsqueeze(graph, x, [1]), unsqueeze(graph, y, [0]));
  const isIn = reduce(graph, 'ReduceMax', cast(graph, equal, 'int32'), [1], false);
  const isOut = compare(graph, 'Equal', isIn, tensorOfKnown('int32', [], [0])!.value(call.scope));
  const count = call.dims.unknown('left');
  const places = graph.op('NonZero', [isOut], { dtype: 'int64', shape: [1, count] });
  const at = squeeze(graph, places, [0]);
  const left = graph.op('Gather', [x, at], { dtype: x.dtype, shape: [count] }, { axis: int(0) });
  return [tensorOf(left), tensorOf(cast(graph, at, 'int32'))];
};

const topK: OpConverter = (call) => {
  checkRank(call, 0, 1, Infinity);
  const x = plainOf(call, 0);
  const { graph } = call;
  const k = knownOf(call, 1)?.[0];
  const count = k ?? call.dims.unknown('top');
  const wanted =
    k === undefined
      ? cast(
          graph,
          graph.op('Reshape', [plainOf(call, 1), vector(graph, 'shape', [1])], {
            dtype: 'int32',
            shape: [1],
          }),
          'int64',
        )
      : call.dims.vector(graph, [k]);
  const shape = x.shape.with(-1, count);
  const [values, indices] = graph.node(
    'TopK',
    [x, wanted],
    [
      { dtype: x.dtype, shape },
      { dtype: 'int64', shape },
    ],
    {
      axis: int(-1),
    },
  );
  return [tensorOf(values!), tensorOf(cast(graph, indices!, 'int32'))];
};

/** How many of the sorted are below each value. */
const bound = (opType: 'Less' | 'LessOrEqual') =>
  emits((call) => {
    const { graph } = call;
    const [sorted, values] = [plainOf(call, 0), plainOf(call, 1)];
    const below = compare(
      graph,
      opType,
      unsqueeze(graph, sorted, [1]),
      unsqueeze(graph, values, [2]),
    );
    return reduce(graph, 'ReduceSum', cast(graph, below, 'int32'), [2], false);
  });

const unique: OpConverter = (call) => {
  const { graph } = call;
  const x = plainOf(call, 0);
  const axis = call.op === 'UniqueV2' ? (knownOf(call, 1)?.[0] ?? 0) : 0;
  const along = axisOf(axis as number, x.shape.length);
  const count = call.dims.unknown('distinct');
  const from = x.dtype === 'float32' ? x : cast(graph, x, 'int64');
  const flat = { dtype: 'int64', shape: [count] } as const;
  const inverse = { dtype: 'int64', shape: [x.shape[along]!] } as const;
  const outputs = [{ dtype: from.dtype, shape: x.shape.with(along, count) }, flat, inverse, flat];
  const [values, , indices] = graph.node('Unique', [from], outputs, {
    axis: int(along),
    sorted: int(0),
  });
  return [tensorOf(cast(graph, values!, x.dtype)), tensorOf(cast(graph, indices!, 'int32'))];
};

export const searches: OpConverters = {
  ListDiff: listDiff,
  LowerBound: bound('Less'),
  NonMaxSuppressionV2: suppress,
  NonMaxSuppressionV3: suppress,
  NonMaxSuppressionV4: suppress,
  NonMaxSuppressionV5: suppress,
  TopKV2: topK,
  Unique: unique,
  UniqueV2: unique,
  UpperBound: bound('LessOrEqual'),
  Where: where,
};
