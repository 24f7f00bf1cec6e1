import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import type { OutputArray } from '../executor/port.ts';
import { rowBytes, type Tensor, type Tensors } from '../tensor.ts';
import type { ValidInputs } from '../validate.ts';

/** How one request wants to be answered. */
export interface RequestOptions {
  readonly outputs: readonly string[];
  readonly signal?: AbortSignal;
  readonly deadline?: number;
  /** Members that may run for a row. */
  readonly maxMembers?: number;
  /** Confidence at which a row may leave, in the place of the policy's thresholds. */
  readonly confidence?: number;
  readonly allowNonFinite?: boolean;
}

/** What the scheduler answers. */
export interface Answer {
  readonly outputs: Tensors;
  readonly membersUsed: Uint32Array;
}

/** One request on its way. Its rows may go through several batches. */
export interface Request {
  readonly inputs: ValidInputs;
  readonly wishes: RequestOptions;
  readonly rows: number;
  readonly queuedAt: number;
  readonly results: Map<string, OutputArray>;
  readonly membersUsed: Uint32Array;
  readonly spent: Spent;
  /** Rows that were put into a first batch. */
  taken: number;
  /** Rows without an answer. */
  left: number;
  isSettled: boolean;
  settle(answer: Answer | Error): void;
}

/** Milliseconds. */
export interface Spent {
  queue: number;
  input: number;
  infer: number;
  output: number;
}

export function createRequest(
  inputs: ValidInputs,
  wishes: RequestOptions,
  queuedAt: number,
  settle: Request['settle'],
): Request {
  const { rows } = inputs;
  return {
    inputs,
    wishes,
    rows,
    queuedAt,
    results: new Map(),
    membersUsed: new Uint32Array(rows),
    spent: { queue: 0, input: 0, infer: 0, output: 0 },
    taken: 0,
    left: rows,
    isSettled: false,
    settle,
  };
}

/** Bytes of the inputs and of the wanted outputs. */
export function bytesHeld(
  { outputs }: Pick<BundleManifest, 'outputs'>,
  { rows, data, symbols }: ValidInputs,
  wanted: readonly string[],
): number {
  let bytes = 0;
  for (const { byteLength } of data) bytes += byteLength;
  for (const output of outputs)
    if (wanted.includes(output.name)) bytes += rows * rowBytes(output, symbols);
  return bytes;
}

/** Rows of a request: `[start, end)`, or by index. */
export type Rows = { readonly start: number; readonly end: number } | Uint32Array;

/** Rows of one request that go through the same stage together. */
export interface Segment {
  readonly request: Request;
  readonly rows: Rows;
  readonly stage: number;
  /** From the stage before, one row for each of `rows`. */
  readonly state: Readonly<Record<string, OutputArray>>;
  /** Times that it was in a batch that failed. */
  readonly tries: number;
}

export function countRows(rows: Rows): number {
  return rows instanceof Uint32Array ? rows.length : rows.end - rows.start;
}

export function rowsOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { rows }) => sum + countRows(rows), 0);
}

/** The request's row at a place of its segment. */
export function rowAt(rows: Rows, place: number): number {
  return rows instanceof Uint32Array ? rows[place]! : rows.start + place;
}

/** Rows `[start, end)` of an array, in an array of their own type, not copied. */
export function sliceRows(
  { dtype, data, dims }: OutputArray,
  start: number,
  end: number,
): OutputArray {
  const size = data.length / dims[0]!;
  return {
    dtype,
    data: data.subarray(start * size, end * size),
    dims: [end - start, ...dims.slice(1)],
  };
}

/** The answer, its outputs in the order in which they were asked for. */
export function answerOf({ wishes, results, membersUsed }: Request): Answer {
  const tensors = wishes.outputs.map((name) => [name, results.get(name)! as Tensor] as const);
  return { outputs: Object.fromEntries(tensors), membersUsed };
}
