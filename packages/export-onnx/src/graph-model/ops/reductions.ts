import { plain } from '../../graph/layout.ts';
import { cast, compare, reducePhysical, scalar } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import { physicalAxis, type Value } from '../../graph/value.ts';
import { int } from '../../onnx/model.ts';
import { vector } from '../align.ts';
import {
  axisOf,
  emits,
  input,
  number,
  numbers,
  plainOf,
  stored,
  type OpCall,
  type OpConverter,
  type OpConverters,
} from '../op.ts';
import { tensorOf, tensorOfKnown, upTo, type Tensor } from '../tensor.ts';
import { filled } from './scatter.ts';

/** The axes of a reduction and what is left of the shape. */
function reduced(call: OpCall, opType: string, value: Value): Value {
  const rank = value.shape.length;
  const axes = [
    ...new Set(numbers(call, 1, 'its axes').map((axis) => axisOf(axis, rank))),
  ].toSorted((a, b) => a - b);
  if (axes.length === 0) return value;
  const keepDims = call.attributes.boolean('keep_dims', call.attributes.boolean('keepdims', false));
  const kept = value.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  const shape = keepDims ? kept : value.shape.filter((_, axis) => !axes.includes(axis));
  // Over all places of an image: what is left lies alike in both layouts.
  const isImage =
    axes.join() ===
    value.shape
      .map((_, axis) => axis)
      .slice(1, -1)
      .join();
  if (value.layout === 'channelsFirst' && (keepDims || isImage)) {
    const stored = axes.map((axis) => physicalAxis(value, axis)).toSorted((a, b) => a - b);
    const layout = keepDims ? 'channelsFirst' : 'plain';
    return reducePhysical(call.graph, opType, value, stored, keepDims, {
      dtype: value.dtype,
      shape,
      layout,
    });
  }
  return reducePhysical(call.graph, opType, plain(call.graph, value), axes, keepDims, {
    dtype: value.dtype,
    shape,
  });
}

const reduction =
  (opType: string, fold?: (all: readonly number[]) => number, toFloat = false): OpConverter =>
  (call) => {
    const x = input(call, 0);
    const { known } = x;
    const axes = call.inputs[1]?.known;
    const isWhole = x.shape.length === 1 && axes?.length === 1;
    if (
      fold !== undefined &&
      isWhole &&
      known?.every((dim) => typeof dim === 'number') === true &&
      !toFloat
    ) {
      const keep = call.attributes.boolean('keep_dims', false);
      return tensorOfKnown(x.dtype, keep ? [1] : [], [fold(known)])!;
    }
    if (opType === 'ReduceProd' && isWhole && known !== undefined && x.dtype === 'int32') {
      const keep = call.attributes.boolean('keep_dims', false);
      const whole = known.reduce((a, b) => call.dims.multiply(a, b), 1);
      return tensorOfKnown('int32', keep ? [1] : [], [whole])!;
    }
    const value = stored(call, 0);
    // tfjs adds booleans as integers, and takes means as floats.
    const from = toFloat
      ? cast(call.graph, value, 'float32')
      : value.dtype === 'bool'
        ? cast(call.graph, value, 'int32')
        : value;
    return tensorOf(reduced(call, opType, from));
  };

const decision = (opType: 'ReduceMin' | 'ReduceMax') =>
  emits((call) =>
    cast(call.graph, reduced(call, opType, cast(call.graph, stored(call, 0), 'int32')), 'bool'),
  );

const extreme = (opType: 'ArgMax' | 'ArgMin') =>
  emits((call) => {
    const value = stored(call, 0);
    const x = value.dtype === 'bool' ? cast(call.graph, value, 'int32') : value;
    const axis = axisOf(call.inputs.length > 1 ? number(call, 1, 'its axis') : 0, x.shape.length);
    const from = plain(call.graph, x);
    const shape = from.shape.filter((_, place) => place !== axis);
    const found = call.graph.op(
      opType,
      [from],
      { dtype: 'int64', shape },
      { axis: int(axis), keepdims: int(0) },
    );
    return cast(call.graph, found, 'int32');
  });

const cumulative = emits((call) => {
  const value = plainOf(call, 0);
  const x = value.dtype === 'bool' ? cast(call.graph, value, 'int32') : value;
  const axis = axisOf(number(call, 1, 'its axis'), x.shape.length);
  const at = tensorOfKnown('int32', [], [axis])!.value(call.scope);
  return call.graph.op('CumSum', [x, at], x, {
    exclusive: int(call.attributes.boolean('exclusive', false) ? 1 : 0),
    reverse: int(call.attributes.boolean('reverse', false) ? 1 : 0),
  });
});

/** Products up to each place, in a Scan over the axis. */
const cumulativeProduct = emits((call) => {
  const { graph } = call;
  const x = plainOf(call, 0);
  const axis = axisOf(number(call, 1, 'its axis'), x.shape.length);
  const isExclusive = call.attributes.boolean('exclusive', false);
  const direction = int(call.attributes.boolean('reverse', false) ? 1 : 0);
  const step = { dtype: x.dtype, shape: x.shape.filter((_, place) => place !== axis) };
  const one = tensorOfKnown(x.dtype as Tensor['dtype'], [], [1])!.value(call.scope);
  const target = call.dims.vector(graph, step.shape);
  const start = graph.op('Expand', [one, target], step);
  const body = graph.body('product', [step, step], (inner, [before, next]) => {
    const after = inner.op('Mul', [before, next], step);
    return [after, isExclusive ? before! : after];
  });
  const list = (value: number) => ({ type: 'ints', value: [value] }) as const;
  const [, all] = graph.node('Scan', [start, x], [step, x], {
    body: { type: 'graph', value: body },
    num_scan_inputs: int(1),
    scan_input_axes: list(axis),
    scan_input_directions: list(direction.type === 'int' ? direction.value : 0),
    scan_output_axes: list(axis),
    scan_output_directions: list(direction.type === 'int' ? direction.value : 0),
  });
  return all!;
});

const norm = emits((call) =>
  reduced(call, 'ReduceL2', cast(call.graph, stored(call, 0), 'float32')),
);

/** How often each number below `size` occurs, or the sum of its weights. */
const bincount: OpConverter = (call) => {
  const { graph } = call;
  const [x, weights] = [input(call, 0), input(call, 2)];
  const size = number(call, 1, 'its size');
  const isBinary = call.op === 'DenseBincount' && call.attributes.boolean('binary_output', false);
  const given = plainOf(call, 0);
  const ids = upTo(size, call.scope);
  const rank = x.shape.length;
  if (isBinary && rank === 1)
    throw new Refusal('tfjs counts with binary_output in a vector all the same', 'Give it rank 2.');
  if (rank < 1 || rank > 2) throw new Refusal(`its input has rank ${rank}`, 'Give it rank 1 or 2.');
  const open = graph.op('Unsqueeze', [given, vector(graph, 'axes', [rank])], {
    dtype: 'int32',
    shape: [...x.shape, 1],
  });
  const hits = compare(graph, 'Equal', open, ids);
  const hasWeights = weights.shape[0] !== 0;
  const dtype = hasWeights && !isBinary ? weights.dtype : 'float32';
  const counts = cast(graph, hits, dtype);
  const weighted =
    hasWeights && !isBinary
      ? graph.op(
          'Mul',
          [
            counts,
            graph.op('Unsqueeze', [plainOf(call, 2), vector(graph, 'axes', [rank])], {
              dtype,
              shape: [...weights.shape, 1],
            }),
          ],
          counts,
        )
      : counts;
  const shape = [...x.shape.slice(0, -1), size];
  const opType = isBinary ? 'ReduceMax' : 'ReduceSum';
  return tensorOf(reducePhysical(graph, opType, weighted, [rank - 1], false, { dtype, shape }));
};

export const reductions: OpConverters = {
  All: decision('ReduceMin'),
  Any: decision('ReduceMax'),
  ArgMax: extreme('ArgMax'),
  ArgMin: extreme('ArgMin'),
  Bincount: bincount,
  Cumprod: cumulativeProduct,
  Cumsum: cumulative,
  DenseBincount: bincount,
  EuclideanNorm: norm,
  Max: reduction('ReduceMax', (all) => Math.max(...all)),
  Mean: reduction('ReduceMean', undefined, true),
  Min: reduction('ReduceMin', (all) => Math.min(...all)),
  Prod: reduction('ReduceProd', (all) => all.reduce((a, b) => a * b, 1)),
  Sum: reduction('ReduceSum', (all) => all.reduce((a, b) => a + b, 0)),
};

const lastAxis = (opType: 'Softmax' | 'LogSoftmax') =>
  emits((call) => {
    const given = cast(call.graph, stored(call, 0), 'float32');
    const x = typeof given.layout === 'string' ? given : plain(call.graph, given);
    return call.graph.op(opType, [x], x, { axis: int(physicalAxis(x, -1)) });
  });

// A lying file must not decide how many there are.
const MAX_SEGMENTS = 10_000;

const segment = (isMean: boolean): OpConverter =>
  emits((call) => {
    const { graph } = call;
    const [data, indices, segments] = [plainOf(call, 0), plainOf(call, 1), plainOf(call, 2)];
    const rows = graph.op(
      'Gather',
      [data, indices],
      { dtype: data.dtype, shape: [indices.shape[0]!, ...data.shape.slice(1)] },
      { axis: int(0) },
    );
    const ids = input(call, 2).known;
    const last = ids?.at(-1);
    if (typeof last !== 'number' || !(last >= 0 && last < MAX_SEGMENTS))
      throw new Refusal(
        'its segments are computed as it runs',
        'Convert the model with constant segments.',
      );
    const shape = [last + 1, ...data.shape.slice(1)];
    const places = cast(
      graph,
      graph.op('Unsqueeze', [segments, vector(graph, 'axes', [1])], {
        dtype: 'int32',
        shape: [segments.shape[0]!, 1],
      }),
      'int64',
    );
    const target = tensorOfKnown('int32', [shape.length], shape)!;
    const zeros = filled(call, target, scalar(graph, 0));
    const sums = graph.op(
      'ScatterND',
      [zeros, places, rows],
      { dtype: data.dtype, shape },
      { reduction: { type: 'string', value: 'add' } },
    );
    if (!isMean) return sums;
    const sizes = Array.from({ length: last + 1 }, (_, id) =>
      Math.max(1, ids!.filter((each) => each === id).length),
    );
    const divisor = tensorOfKnown(
      'float32',
      [last + 1, ...data.shape.slice(1).map(() => 1)],
      sizes,
    )!.value(call.scope);
    return graph.op('Div', [sums, divisor], sums);
  });

export const softmaxes: OpConverters = {
  LogSoftmax: lastAxis('LogSoftmax'),
  Softmax: lastAxis('Softmax'),
  SparseSegmentMean: segment(true),
  SparseSegmentSum: segment(false),
};
