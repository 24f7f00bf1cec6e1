import type { Value } from '../../graph/value.ts';
import type { Dim } from '../../onnx/model.ts';
import { plainOf, type OpCall } from '../op.ts';
import { tensorOf, tensorOfKnown, type Tensor } from '../tensor.ts';

// ONNX's own convention for "as far as it goes".
export const END: number = 2 ** 31 - 1;

export interface Range {
  readonly axis: number;
  readonly start: Dim;
  readonly end: Dim;
  readonly step: number;
  readonly length: Dim;
}

export function cut(call: OpCall, x: Tensor, ranges: readonly Range[]): Tensor {
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
export function rangeOf(
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
