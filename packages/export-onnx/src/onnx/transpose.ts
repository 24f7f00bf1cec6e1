import type { TypedArray } from './dtype.ts';
import { freshLike } from './scratch.ts';

/** An axis of the result: its length and how far apart its elements lie in source and result. */
interface Axis {
  readonly length: number;
  readonly from: number;
  readonly to: number;
}

// Elements of the source's innermost axis taken at once, so that what is read and written stays in the cache.
const TILE = 64;

/** The elements of a tensor with its axes in the order of `permutation`, as `numpy.transpose`, written to `out`. */
export function transposeElements<T extends TypedArray>(
  elements: T,
  shape: readonly number[],
  permutation: readonly number[],
  out: T = freshLike(elements),
): T {
  const axes = axesOf(shape, permutation);
  const read = axes.find(({ from }) => from === 1);
  const write = axes.at(-1);
  if (read === undefined || write === undefined || read === write) {
    copyRuns(elements, out, axes);
    return out;
  }
  const outer = axes.filter((axis) => axis !== read && axis !== write);
  // Tile by tile over everything else: the places written to in turn lie next to each other.
  for (let start = 0; start < read.length; start += TILE) {
    const end = Math.min(start + TILE, read.length);
    forEachPlace(outer, (from, to) => {
      copyTile(elements, out, from, to, read, write, start, end);
    });
  }
  return out;
}

/** Axes of the result, without those of length 1; neighbours that stay neighbours are one. */
function axesOf(shape: readonly number[], permutation: readonly number[]): readonly Axis[] {
  const strides = strideOf(shape);
  const merged: { length: number; from: number }[] = [];
  for (const axis of permutation) {
    const [length, from] = [shape[axis]!, strides[axis]!];
    const last = merged.at(-1);
    if (length === 1) continue;
    if (last?.from === from * length) Object.assign(last, { length: last.length * length, from });
    else merged.push({ length, from });
  }
  const places = strideOf(merged.map(({ length }) => length));
  return merged.map((axis, index) => ({ ...axis, to: places[index]! }));
}

function strideOf(shape: readonly number[]): readonly number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--)
    strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

function forEachPlace(axes: readonly Axis[], visit: (from: number, to: number) => void): void {
  const counter = axes.map(() => 0);
  let [from, to] = [0, 0];
  for (;;) {
    visit(from, to);
    let axis = axes.length - 1;
    for (; axis >= 0; axis--) {
      const { length, from: read, to: write } = axes[axis]!;
      from += read;
      to += write;
      if (++counter[axis]! < length) break;
      from -= read * length;
      to -= write * length;
      counter[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/** Where the innermost axis stays innermost: whole runs. */
function copyRuns<T extends TypedArray>(elements: T, out: T, axes: readonly Axis[]): void {
  const run = axes.at(-1)?.length ?? elements.length;
  if (elements.length === 0) return;
  forEachPlace(axes.slice(0, -1), (from, to) => {
    out.set(elements.subarray(from, from + run) as never, to);
  });
}

function copyTile(
  elements: TypedArray,
  out: TypedArray,
  from: number,
  to: number,
  read: Axis,
  write: Axis,
  start: number,
  end: number,
): void {
  for (let k = 0; k < write.length; k++) {
    let source = from + k * write.from + start;
    let target = to + k + start * read.to;
    for (let j = start; j < end; j++, source++, target += read.to) out[target] = elements[source]!;
  }
}
