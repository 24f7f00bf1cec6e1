import { cast, compare, squeeze, unsqueeze } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import type { Value } from '../../graph/value.ts';
import type { Dim } from '../../onnx/model.ts';
import { tensorData } from '../../onnx/tensor-data.ts';
import { vector } from '../align.ts';
import { exact, input, knownOf, plainOf, type OpCall, type OpConverter } from '../op.ts';
import { reshapedKnown, tensorOf, type Tensor } from '../tensor.ts';
import { END, cut, rangeOf, type Range } from './ranges.ts';

export const stridedSlice: OpConverter = (call) => {
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
  const isRange = (_: unknown, index: number): boolean =>
    !has(added, index) && !has(ellipsis, index);
  if (shrunk !== 0) refuseStrides(strides?.filter(isRange));
  if (begin === undefined || end === undefined || strides === undefined)
    return computedSlice(call, count, ellipsis | added);
  const consumed = Array.from({ length: count }).filter(isRange).length;
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

/** Where it takes single places, too, tfjs reads the wrong elements, on the cpu and in wasm. */
function refuseStrides(strides: readonly Dim[] | undefined): void {
  if (strides?.every((step) => step === 1) === true) return;
  throw new Refusal(
    'it takes single places and strides at once, of which tfjs reads the wrong elements',
    'Take the single places in a slice of their own.',
  );
}

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
