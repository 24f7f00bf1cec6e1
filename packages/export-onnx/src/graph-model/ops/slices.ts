import { cast, compare, concat, reduce, squeeze, transpose, unsqueeze } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import type { Value } from '../../graph/value.ts';
import { int, string, type Dim } from '../../onnx/model.ts';
import { int64, tensorData } from '../../onnx/tensor-data.ts';
import { vector } from '../align.ts';
import {
  axisOf,
  emits,
  exact,
  input,
  knownOf,
  number,
  plainOf,
  type OpCall,
  type OpConverter,
  type OpConverters,
} from '../op.ts';
import { reshapedKnown, tensorOf, tensorOfKnown, type Tensor } from '../tensor.ts';
import { broadcastTo } from './shapes.ts';

// ONNX's own convention for "as far as it goes".
const END = 2 ** 31 - 1;

interface Range {
  readonly axis: number;
  readonly start: Dim;
  readonly end: Dim;
  readonly step: number;
  readonly length: Dim;
}

function cut(call: OpCall, x: Tensor, ranges: readonly Range[]): Tensor {
  const shape = x.shape.map(
    (dim, axis) => ranges.find((range) => range.axis === axis)?.length ?? dim,
  );
  const [first] = ranges;
  if (first !== undefined && x.shape.length === 1 && x.known !== undefined) {
    const picked = pick(x.known, first);
    const known = picked && tensorOfKnown(x.dtype, [picked.length], picked);
    if (known !== undefined) return known;
  }
  const active = ranges.filter(({ start, end, step }) => start !== 0 || end !== END || step !== 1);
  const value = x.value(call.scope);
  const { graph, dims } = call;
  if (active.length === 0) return tensorOf(value);
  const from = plainOf({ ...call, inputs: [tensorOf(value)] }, 0);
  const list = (pickOf: (range: Range) => Dim): Value => dims.vector(graph, active.map(pickOf));
  const inputs = [
    from,
    list(({ start }) => start),
    list(({ end }) => end),
    list(({ axis }) => axis),
    list(({ step }) => step),
  ];
  return tensorOf(graph.op('Slice', inputs, { dtype: from.dtype, shape }));
}

function pick(known: readonly Dim[], { start, end, step }: Range): readonly Dim[] | undefined {
  if (typeof start !== 'number' || typeof end !== 'number') return undefined;
  const [from, to] = [place(start, known.length, step), place(end, known.length, step)];
  const picked: Dim[] = [];
  for (let at = from; step > 0 ? at < to : at > to; at += step) picked.push(known[at]!);
  return picked;
}

function place(position: number, length: number, step: number): number {
  const counted = position < 0 ? position + length : position;
  return step > 0
    ? Math.min(Math.max(counted, 0), length)
    : Math.min(Math.max(counted, -1), length - 1);
}

/** `[start, end)` by `step` along an axis of that length, and how many elements it holds. */
function rangeOf(
  call: OpCall,
  axis: number,
  dim: Dim,
  start: Dim | undefined,
  end: Dim | undefined,
  step: number,
): Range {
  const [from, to] = [start ?? (step > 0 ? 0 : -1), end ?? (step > 0 ? END : -END)];
  return { axis, start: from, end: to, step, length: lengthOf(call, dim, from, to, step) };
}

function lengthOf({ dims }: OpCall, dim: Dim, start: Dim, end: Dim, step: number): Dim {
  if (typeof dim === 'number' && typeof start === 'number' && typeof end === 'number') {
    const [from, to] = [place(start, dim, step), place(end, dim, step)];
    return Math.max(0, Math.ceil((to - from) / step));
  }
  if (start === 0 && step === 1) {
    if (end === END || end === dim) return dim;
    if (typeof end === 'number' && end < 0) return dims.add(dim, end);
  }
  if (step === 1 && typeof start === 'number' && start > 0 && (end === END || end === dim))
    return dims.add(dim, -start);
  if (step === -1 && start === -1 && end === -END) return dim;
  if (step === 1 && end === dims.add(start, 1)) return 1;
  return dims.unknown('sliced');
}

const stridedSlice: OpConverter = (call) => {
  const { attributes } = call;
  const x = input(call, 0);
  const [begin, end, strides] = [knownOf(call, 1), knownOf(call, 2), knownOf(call, 3)];
  const mask = (name: string): number => attributes.int(name, 0);
  const count = exact(input(call, 1).shape, 0, 'the number of slices');
  const has = (bits: number, index: number): boolean => ((bits >> index) & 1) === 1;
  const [ellipsis, added, shrunk] = [
    mask('ellipsis_mask'),
    mask('new_axis_mask'),
    mask('shrink_axis_mask'),
  ];
  if (count > 31) throw new Refusal(`it slices ${count} axes`, 'Convert the model again.');
  if (begin === undefined || end === undefined || strides === undefined)
    return computedSlice(call, count, ellipsis | added);
  const consumed = Array.from({ length: count }, (_, index) => index).filter(
    (index) => !has(added, index) && !has(ellipsis, index),
  ).length;
  if (consumed > x.shape.length)
    throw new Refusal('it slices more axes than there are', 'Convert the model again.');
  const ranges: Range[] = [];
  const squeezed: number[] = [];
  // Places of new axes among those that stay.
  const opened: number[] = [];
  let [axis, kept, isOpen] = [0, 0, false];
  const skip = (): void => {
    axis += x.shape.length - consumed;
    kept += x.shape.length - consumed;
  };
  for (let index = 0; index < count; index++) {
    if (has(ellipsis, index)) {
      if (!isOpen) skip();
      isOpen = true;
      continue;
    }
    if (has(added, index)) {
      opened.push(kept++);
      continue;
    }
    const dim = x.shape[axis]!;
    const step = strides[index]!;
    if (typeof step !== 'number' || step === 0 || !Number.isSafeInteger(step))
      throw new Refusal(`its stride is ${step}`, 'Convert the model again.');
    if (has(shrunk, index)) {
      const at = begin[index]!;
      const isLast = at === -1;
      ranges.push({
        ...rangeOf(call, axis, dim, at, isLast ? END : call.dims.add(at, 1), 1),
        length: 1,
      });
      squeezed.push(axis);
    } else {
      const [from, to] = [has(mask('begin_mask'), index), has(mask('end_mask'), index)];
      ranges.push(
        rangeOf(
          call,
          axis,
          dim,
          from ? undefined : begin[index],
          to ? undefined : end[index],
          step,
        ),
      );
      kept++;
    }
    axis++;
  }
  const sliced = cut(call, x, ranges);
  const closed = squeezed.length === 0 ? sliced : without(call, sliced, squeezed);
  return opened.length === 0 ? closed : withAxes(call, closed, opened);
};

function without(call: OpCall, x: Tensor, axes: readonly number[]): Tensor {
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  return reshapedKnown(x, shape) ?? tensorOf(squeeze(call.graph, x.value(call.scope), axes));
}

function withAxes(call: OpCall, x: Tensor, places: readonly number[]): Tensor {
  const shape: Dim[] = [...x.shape];
  for (const at of places) shape.splice(at, 0, 1);
  return reshapedKnown(x, shape) ?? tensorOf(unsqueeze(call.graph, x.value(call.scope), places));
}

/** Where begin or end are computed as the model runs. */
function computedSlice(call: OpCall, count: number, otherMasks: number): Tensor {
  const { attributes, graph, dims } = call;
  if (otherMasks !== 0)
    throw new Refusal(
      'it slices computed places with an ellipsis or new axes',
      'Convert the model with exact input shapes.',
    );
  const x = plainOf(call, 0);
  const wide = (index: number): Value => cast(graph, plainOf(call, index), 'int64');
  const [begin, end, strides] = [wide(1), wide(2), wide(3)];
  const bits = (name: string): readonly number[] => {
    const mask = attributes.int(name, 0);
    return Array.from({ length: count }, (_, index) => (mask >> index) & 1);
  };
  const shrunk = bits('shrink_axis_mask');
  const spec = { dtype: 'int64', shape: [count] } as const;
  const choose = (flags: readonly number[], yes: Value, no: Value): Value => {
    if (flags.every((flag) => flag === 0)) return no;
    const mask = graph.constant('mask', tensorData('bool', [count], Uint8Array.from(flags)));
    return graph.op('Where', [mask, yes, no], spec);
  };
  const constant = (value: number): Value =>
    vector(graph, 'positions', new Array<number>(count).fill(value));
  const start = choose(bits('begin_mask'), constant(0), begin);
  const after = graph.op('Add', [begin, constant(1)], spec);
  const isLast = compare(graph, 'Equal', after, constant(0));
  const next = graph.op('Where', [isLast, constant(END), after], spec);
  const stop = choose(shrunk, next, choose(bits('end_mask'), constant(END), end));
  const axes = vector(
    graph,
    'axes',
    Array.from({ length: count }, (_, axis) => axis),
  );
  const isMasked = (axis: number): boolean =>
    bits('begin_mask')[axis] === 1 &&
    bits('end_mask')[axis] === 1 &&
    knownOf(call, 3)?.[axis] === 1;
  const shape = x.shape.map((dim, axis) =>
    axis >= count || isMasked(axis) ? dim : shrunk[axis] === 1 ? 1 : dims.unknown('sliced'),
  );
  const sliced = graph.op('Slice', [x, start, stop, axes, strides], { dtype: x.dtype, shape });
  const gone = shrunk.flatMap((flag, axis) => (flag === 1 ? [axis] : []));
  return tensorOf(gone.length === 0 ? sliced : squeeze(graph, sliced, gone));
}

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

const gather: OpConverter = (call) => {
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

const gatherNd = emits((call) => {
  const [x, indices] = [plainOf(call, 0), plainOf(call, 1)];
  const depth = exact(indices.shape, -1, 'the number of indices');
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(depth)];
  return call.graph.op('GatherND', [x, cast(call.graph, indices, 'int64')], {
    dtype: x.dtype,
    shape,
  });
});

/** Zeros, or another value, of a computed shape. */
export function filled(call: OpCall, target: Tensor, value: Value): Value {
  return broadcastTo(call, value, target);
}

function zeroOf(call: OpCall, dtype: Tensor['dtype']): Value {
  return tensorOfKnown(dtype, [], [0])!.value(call.scope);
}

const scatterNd = emits((call) => {
  const [indices, updates] = [plainOf(call, 0), plainOf(call, 1)];
  const { graph } = call;
  const zeros = filled(call, input(call, 2), zeroOf(call, input(call, 1).dtype));
  const wide = cast(graph, indices, 'int64');
  // Indices that occur twice add up.
  return graph.op('ScatterND', [zeros, wide, updates], zeros, { reduction: string('add') });
});

const scatterUpdate = emits((call) => {
  const [x, indices, updates] = [plainOf(call, 0), plainOf(call, 1), plainOf(call, 2)];
  return call.graph.op('ScatterND', [x, cast(call.graph, indices, 'int64'), updates], x);
});

const sparseToDense = emits((call) => {
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

const where = emits((call) => {
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

const suppress: OpConverter = (call) => {
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
