import type { BundleManifest, BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import type { Feed, OutputArray } from '../executor/port.ts';
import { arrayTypes, bytesOf, type TensorData } from '../tensor.ts';
import { rowsOf, type Rows, type Segment } from './request.ts';

/** The batch's inputs and state, as views of what the requests hold: an executor gathers them where it needs them. */
export function feedsOf(
  { inputs }: Pick<BundleManifest, 'inputs'>,
  state: readonly BundleTensor[],
  segments: readonly Segment[],
): readonly Feed[] {
  const rows = rowsOf(segments);
  const [first] = segments;
  const ofInputs = inputs.map((input, index): Feed => {
    const tail = first!.request.inputs.tails[index]!;
    const parts = segments.flatMap((segment) => {
      const { data, rows: all } = segment.request.inputs;
      return viewsOf(data[index]!, data[index]!.byteLength / all, segment.rows);
    });
    return { name: input.name, dtype: input.dtype, dims: [rows, ...tail], parts };
  });
  const ofState = state.map(({ name, dtype }): Feed => {
    const parts = segments.map((segment) => bytesOf(segment.state[name]!.data));
    return { name, dtype, dims: [rows, ...first!.state[name]!.dims.slice(1)], parts };
  });
  return [...ofInputs, ...ofState];
}

/** One view for each run of neighbouring rows. */
function viewsOf(bytes: Uint8Array, size: number, rows: Rows): readonly Uint8Array[] {
  if (!(rows instanceof Uint32Array)) return [bytes.subarray(rows.start * size, rows.end * size)];
  const views: Uint8Array[] = [];
  for (let place = 0; place < rows.length;) {
    let end = place + 1;
    while (end < rows.length && rows[end] === rows[end - 1]! + 1) end++;
    views.push(bytes.subarray(rows[place]! * size, (rows[end - 1]! + 1) * size));
    place = end;
  }
  return views;
}

/** The state of all segments in one array each. */
export function joinState(segments: readonly Segment[]): Readonly<Record<string, OutputArray>> {
  const [first] = segments;
  if (segments.length === 1) return first!.state;
  const rows = rowsOf(segments);
  const joined = Object.entries(first!.state).map(([name, { dtype, data, dims }]) => {
    const size = data.length / dims[0]!;
    const all = new arrayTypes[dtype](rows * size);
    let at = 0;
    for (const { state } of segments) {
      const part = state[name]!.data;
      setAt(all, part, at);
      at += part.length;
    }
    return [name, { dtype, data: all, dims: [rows, ...dims.slice(1)] }] as const;
  });
  return Object.fromEntries(joined);
}

/** The rows at some places of an array, copied. */
export function pickRows(
  { dtype, data, dims }: OutputArray,
  places: readonly number[],
): OutputArray {
  const size = data.length / dims[0]!;
  const picked = new arrayTypes[dtype](places.length * size);
  places.forEach((place, index) => {
    setAt(picked, data.subarray(place * size, (place + 1) * size), index * size);
  });
  return { dtype, data: picked, dims: [places.length, ...dims.slice(1)] };
}

/** Copies elements of the same dtype. */
export function setAt(target: TensorData, source: TensorData, at: number): void {
  // TypeScript cannot relate two unions.
  (target as Uint8Array).set(source as Uint8Array, at);
}
