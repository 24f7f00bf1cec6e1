import { InferenceError } from '../errors.ts';
import type { OutputArray } from '../executor/port.ts';
import { arrayTypes } from '../tensor.ts';
import { pickRows, setAt } from './gather.ts';
import type { StageResult } from './plan.ts';
import { countRows, rowAt, type Request, type Segment } from './request.ts';

/** Throws `InferenceError('wrong-graph')` unless every output has a row for each row that went in. */
export function checkRows(
  name: string,
  outputs: Readonly<Record<string, OutputArray>>,
  rows: number,
): void {
  for (const [output, { dims }] of Object.entries(outputs))
    if (dims[0] !== rows)
      throw new InferenceError(
        'wrong-graph',
        `Output "${output}" of ensemble "${name}" has shape [${dims.join(', ')}] for a batch of ${rows} rows: the graph mixes its rows. Export the bundle again.`,
      );
}

/**
 * Writes what a segment's rows that leave here are answered (all of them without `thresholds`), and returns the others as a segment of the next stage. `at` is the segment's first
 * row in the batch of `rows` rows.
 */
export function scatter(
  segment: Segment,
  result: StageResult,
  membersUsed: number,
  thresholds: readonly number[] | undefined,
  { at, rows }: { readonly at: number; readonly rows: number },
): Segment | undefined {
  const { request } = segment;
  const count = countRows(segment.rows);
  const { confidences } = result;
  const leaves = (place: number): boolean =>
    thresholds!.length > 0 &&
    // NaN reaches nothing.
    thresholds!.every((threshold, index) => confidences[index]![at + place]! >= threshold);
  const staying: number[] = [];
  if (thresholds !== undefined)
    for (let place = 0; place < count; place++) if (!leaves(place)) staying.push(place);
  if (staying.length === 0 && count === rows && rows === request.rows) {
    // A batch of one whole request gives its arrays away.
    for (const name of request.wishes.outputs) request.results.set(name, result.outputs[name]!);
    request.membersUsed.fill(membersUsed);
  } else writeRows(segment, result, membersUsed, at, new Set(staying));
  request.left -= count - staying.length;
  if (staying.length === 0) return undefined;
  const places = staying.map((place) => at + place);
  const state = Object.entries(result.state).map(
    ([name, array]) => [name, pickRows(array, places)] as const,
  );
  return {
    request,
    rows: Uint32Array.from(staying, (place) => rowAt(segment.rows, place)),
    stage: segment.stage + 1,
    state: Object.fromEntries(state),
    tries: segment.tries,
  };
}

function writeRows(
  segment: Segment,
  result: StageResult,
  membersUsed: number,
  at: number,
  staying: ReadonlySet<number>,
): void {
  const { request, rows } = segment;
  const count = countRows(rows);
  for (const name of request.wishes.outputs) {
    const source = result.outputs[name]!;
    const size = source.data.length / source.dims[0]!;
    const { data } = targetOf(request, name, source, size);
    if (staying.size === 0 && !(rows instanceof Uint32Array)) {
      setAt(data, source.data.subarray(at * size, (at + count) * size), rows.start * size);
      continue;
    }
    for (let place = 0; place < count; place++)
      if (!staying.has(place)) {
        const from = (at + place) * size;
        setAt(data, source.data.subarray(from, from + size), rowAt(rows, place) * size);
      }
  }
  for (let place = 0; place < count; place++)
    if (!staying.has(place)) request.membersUsed[rowAt(rows, place)] = membersUsed;
}

function targetOf(
  request: Request,
  name: string,
  { dtype, dims }: OutputArray,
  size: number,
): OutputArray {
  const known = request.results.get(name);
  if (known !== undefined) return known;
  const target = {
    dtype,
    data: new arrayTypes[dtype](request.rows * size),
    dims: [request.rows, ...dims.slice(1)],
  };
  request.results.set(name, target);
  return target;
}
