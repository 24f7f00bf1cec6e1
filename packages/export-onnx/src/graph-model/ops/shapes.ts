import { asChannelsFirst, asStored, physicalAxis, type Value } from '../../graph/value.ts';
import { plain } from '../../graph/layout.ts';
import {
  cast,
  concat as concatValues,
  slice,
  squeeze as squeezeValue,
  transpose as transposeValue,
  unsqueeze,
} from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import { int, string, type Dim, type Shape } from '../../onnx/model.ts';
import { transposed } from '../../onnx/tensor-data.ts';
import { align, vector } from '../align.ts';
import {
  axisOf,
  emits,
  exact,
  input,
  knownOf,
  number,
  numbers,
  plainOf,
  stored,
  unknownShape,
  type OpCall,
  type OpConverter,
  type OpConverters,
} from '../op.ts';
import { reshapedKnown, tensorOf, tensorOfData, tensorOfKnown, type Tensor } from '../tensor.ts';

/** The product of dimensions, exact numbers and symbols apart. */
function product(dims: Shape): { readonly exact: number; readonly symbols: readonly string[] } {
  return {
    exact: dims.reduce((total: number, dim) => (typeof dim === 'number' ? total * dim : total), 1),
    symbols: dims.filter((dim) => typeof dim === 'string').sort(),
  };
}

/** What -1 stands for. */
function rest({ dims }: OpCall, from: Shape, known: Shape): Dim {
  const [whole, part] = [product(from), product(known)];
  const left = [...whole.symbols];
  for (const symbol of part.symbols) {
    const at = left.indexOf(symbol);
    if (at < 0) {
      const all = (list: Shape): Dim =>
        list.reduce((total: Dim, dim) => dims.multiply(total, dim), 1);
      return dims.divide(all(from), all(known));
    }
    left.splice(at, 1);
  }
  if (part.exact !== 0 && whole.exact % part.exact === 0)
    return left.reduce((total: Dim, dim) => dims.multiply(dim, total), whole.exact / part.exact);
  if (left.length === 0)
    throw new Refusal(
      `[${from.join(', ')}] does not become [${known.join(', ')}, …]`,
      'Convert the model again.',
    );
  return dims.divide(
    left.reduce((total: Dim, dim) => dims.multiply(dim, total), whole.exact),
    part.exact,
  );
}

export function reshapeTo(call: OpCall, tensor: Tensor, target: Shape): Tensor {
  const open = target.indexOf(-1);
  if (
    target.some((dim, axis) => dim === -1 && axis !== open) ||
    target.some((dim) => typeof dim === 'number' && dim < -1)
  )
    throw new Refusal(`its shape is [${target.join(', ')}]`, 'Convert the model again.');
  const given = tensor.shape;
  const shape = open < 0 ? target : target.with(open, rest(call, given, target.toSpliced(open, 1)));
  const known = reshapedKnown(tensor, shape);
  if (known !== undefined) return known;
  const value = tensor.value(call.scope);
  if (given.join() === shape.join()) return tensor;
  return tensorOf(
    flattened(call, value, shape) ?? reshapeValue(call, plain(call.graph, value), shape),
  );
}

/** A `channelsFirst` image becomes a row of features: what multiplies them is turned instead. */
function flattened({ graph }: OpCall, value: Value, shape: Shape): Value | undefined {
  const [batch, features] = shape;
  const inner = value.shape.slice(1);
  const isRow = shape.length === 2 && batch === value.shape[0] && typeof features === 'number';
  if (value.layout !== 'channelsFirst' || !isRow || !inner.every((dim) => typeof dim === 'number'))
    return undefined;
  const places = inner.slice(0, -1).reduce((total, dim) => total * dim, 1);
  const target = vector(graph, 'shape', [0, features]);
  const layout = places === 1 ? 'plain' : { inner };
  return graph.op('Reshape', [asStored(value), target], { dtype: value.dtype, shape, layout });
}

function reshapeValue({ graph, dims }: OpCall, value: Value, shape: Shape): Value {
  const symbols = shape.filter((dim, axis) => typeof dim === 'string' && value.shape[axis] !== dim);
  const spec = { dtype: value.dtype, shape };
  const isEmpty = shape.includes(0);
  const attributes = isEmpty ? { allowzero: int(1) } : {};
  if (symbols.length <= 1 && !isEmpty) {
    const target = shape.map((dim, axis) =>
      typeof dim === 'number' ? dim : value.shape[axis] === dim ? 0 : -1,
    );
    return graph.op('Reshape', [value, vector(graph, 'shape', target)], spec);
  }
  return graph.op('Reshape', [value, dims.vector(graph, shape)], spec, attributes);
}

const reshape: OpConverter = (call) => {
  const x = input(call, 0);
  const target = knownOf(call, 1);
  if (target !== undefined) return reshapeTo(call, x, target);
  const shape = unknownShape(call, input(call, 1).shape, 'reshaped');
  const dims = cast(call.graph, plainOf(call, 1), 'int64');
  return tensorOf(call.graph.op('Reshape', [plainOf(call, 0), dims], { dtype: x.dtype, shape }));
};

const expandDims: OpConverter = (call) => {
  const x = input(call, 0);
  const axis = axisOf(number(call, 1, 'its axis'), x.shape.length + 1);
  return (
    reshapedKnown(x, x.shape.toSpliced(axis, 0, 1)) ??
    tensorOf(unsqueeze(call.graph, stored(call, 0), [axis]))
  );
};

const squeeze: OpConverter = (call) => {
  const x = input(call, 0);
  const { attributes, graph } = call;
  const listed = attributes.ints('squeeze_dims');
  const given = (listed.length > 0 ? listed : attributes.ints('axis')).map((axis) =>
    axisOf(axis, x.shape.length),
  );
  const axes = given.length > 0 ? given : x.shape.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
  if (axes.some((axis) => typeof x.shape[axis] === 'number' && x.shape[axis] !== 1))
    throw new Refusal(
      `it squeezes axes that are not 1 in [${x.shape.join(', ')}]`,
      'Convert the model again.',
    );
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  const known = reshapedKnown(x, shape);
  if (known !== undefined) return known;
  const value = stored(call, 0);
  // [batch, 1, 1, channels] lies the same way in both layouts.
  const isRow =
    value.layout === 'channelsFirst' &&
    axes.toSorted().join() ===
      value.shape
        .map((_, axis) => axis)
        .slice(1, -1)
        .join();
  if (!isRow) return tensorOf(squeezeValue(graph, value, axes));
  return tensorOf(
    graph.op(
      'Squeeze',
      [
        value,
        vector(
          graph,
          'axes',
          axes.map((axis) => axis + 1),
        ),
      ],
      { dtype: value.dtype, shape },
    ),
  );
};

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

/** Parts of exact sizes along an axis. */
function parts(
  call: OpCall,
  index: number,
  axis: number,
  sizes: readonly number[],
): readonly Tensor[] {
  const x = input(call, index);
  if (x.shape.length === 1 && x.known !== undefined) {
    let at = 0;
    return sizes.map((size) => tensorOfKnown(x.dtype, [size], x.known!.slice(at, (at += size)))!);
  }
  const value = stored(call, index);
  const from = typeof value.layout === 'string' ? value : plain(call.graph, value);
  if (sizes.length === 1) return [tensorOf(from)];
  const specs = sizes.map((size) => ({ ...from, shape: from.shape.with(axis, size) }));
  const outputs = call.graph.node('Split', [from, vector(call.graph, 'parts', sizes)], specs, {
    axis: int(physicalAxis(from, axis)),
  });
  return outputs.map(tensorOf);
}

// A lying file must not decide how many outputs a node has.
const MAX_PARTS = 10_000;

const split: OpConverter = (call) => {
  const x = input(call, 1);
  const axis = axisOf(number(call, 0, 'its axis'), x.shape.length);
  const count = call.attributes.int('num_split');
  const length = exact(x.shape, axis, 'the length of the axis that it splits');
  if (!(count >= 1 && count <= MAX_PARTS) || length % count !== 0)
    throw new Refusal(`it splits ${length} into ${count}`, 'Convert the model again.');
  return parts(call, 1, axis, new Array<number>(count).fill(length / count));
};

const splitV: OpConverter = (call) => {
  const x = input(call, 0);
  const axis = axisOf(number(call, 2, 'its axis'), x.shape.length);
  const given = numbers(call, 1, 'the sizes that it splits into');
  const known = given.filter((size) => size >= 0).reduce((sum, size) => sum + size, 0);
  const length = given.includes(-1)
    ? exact(x.shape, axis, 'the length of the axis that it splits')
    : known;
  const sizes = given.map((size) => (size < 0 ? length - known : size));
  if (
    given.length > MAX_PARTS ||
    given.filter((size) => size < 0).length > 1 ||
    sizes.some((size) => size < 0)
  )
    throw new Refusal(
      `its sizes are [${given.slice(0, 20).join(', ')}]`,
      'Convert the model again.',
    );
  return parts(call, 0, axis, sizes);
};

const unpack: OpConverter = (call) => {
  const x = input(call, 0);
  const axis = axisOf(call.attributes.int('axis', 0), x.shape.length);
  const count = exact(x.shape, axis, 'the length of the axis that it unpacks');
  if (count < 1 || count > MAX_PARTS)
    throw new Refusal(`it unpacks ${count} tensors`, 'Convert the model again.');
  return parts(call, 0, axis, new Array<number>(count).fill(1)).map(
    (part) =>
      reshapedKnown(part, part.shape.toSpliced(axis, 1)) ??
      tensorOf(squeezeValue(call.graph, part.value(call.scope), [axis])),
  );
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

const reverse: OpConverter = (call) =>
  reversed(
    call,
    numbers(call, 1, 'its axes').flatMap((flag, axis) => (flag === 0 ? [] : [axis])),
  );

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

const pad: OpConverter = (call) => padding('constant', call);

const mirrorPad: OpConverter = (call) => {
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

const spaceToBatch: OpConverter = (call) => {
  const blocks = numbers(call, 1, 'its block shape');
  const pads = numbers(call, 2, 'its paddings');
  const { graph, dims } = call;
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

const batchToSpace: OpConverter = (call) => {
  const blocks = numbers(call, 1, 'its block shape');
  const crops = numbers(call, 2, 'its crops');
  const { graph, dims } = call;
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

export function broadcastTo(call: OpCall, value: Value, target: Tensor): Value {
  const dims = target.known;
  const { graph } = call;
  const from = plain(graph, value);
  if (dims === undefined) {
    const shape = unknownShape(call, target.shape, 'expanded');
    const wanted = cast(graph, plain(graph, target.value(call.scope)), 'int64');
    return graph.op('Expand', [from, wanted], { dtype: from.dtype, shape });
  }
  const missing = dims.length - from.shape.length;
  const shape = dims.map((dim, axis) => (dim === -1 ? from.shape[axis - missing]! : dim));
  if (shape.join() === from.shape.join()) return from;
  return graph.op('Expand', [from, call.dims.vector(graph, shape)], { dtype: from.dtype, shape });
}

const shapeOf = (call: OpCall, tensor: Tensor): Tensor => {
  const { shape } = tensor;
  return tensorOfKnown('int32', [shape.length], shape)!;
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

export const measures: OpConverters = {
  Rank: (call) => tensorOfKnown('int32', [], [input(call, 0).shape.length])!,
  Shape: (call) => shapeOf(call, input(call, 0)),
  ShapeN: (call) => call.inputs.map((tensor) => shapeOf(call, tensor)),
  Size: (call) =>
    tensorOfKnown(
      'int32',
      [],
      [input(call, 0).shape.reduce((total: Dim, dim) => call.dims.multiply(total, dim), 1)],
    )!,
};
