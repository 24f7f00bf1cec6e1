import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import { InferenceError } from './errors.ts';
import {
  allocate,
  bytesOf,
  rowBytes,
  rowSize,
  type Tensor,
  type TensorData,
  type Tensors,
} from './tensor.ts';
import type { Feed, RunResult } from './messages.ts';
import type { ValidInputs } from './validate.ts';

type Graph = Pick<BundleManifest, 'inputs' | 'outputs'>;

/** One request on its way. Its rows may go into several batches. */
export interface Job extends ValidInputs {
  readonly outputs: readonly string[];
  readonly results: Map<string, TensorData>;
  readonly queuedAt: number;
  readonly spent: { queue: number; input: number; infer: number; output: number };
  resolve(outputs: Tensors): void;
  reject(reason: unknown): void;
  /** Rows that were put into batches. */
  taken: number;
  /** Rows whose results are there. */
  done: number;
  isSettled: boolean;
}

/** A job and the promise of its outputs. */
export function createJob(
  inputs: ValidInputs,
  outputs: readonly string[],
  queuedAt: number,
): { readonly job: Job; readonly answer: Promise<Tensors> } {
  const spent = { queue: 0, input: 0, infer: 0, output: 0 };
  const state = { results: new Map(), spent, taken: 0, done: 0, isSettled: false };
  let job: Job;
  const answer = new Promise<Tensors>((resolve, reject) => {
    job = { ...inputs, ...state, outputs, queuedAt, resolve, reject };
  });
  return { job: job!, answer };
}

/** Rows `[start, end)` of a job, in a batch from row `at`. */
export interface Segment {
  readonly job: Job;
  readonly start: number;
  readonly end: number;
  readonly at: number;
}

/** What a run of the graph gave for a batch of `rows` rows. */
export interface BatchResult extends Pick<RunResult, 'outputs'> {
  readonly rows: number;
}

/** Takes rows from the front of the queue, at most `maxRows` of them; jobs that are wholly taken leave it. */
export function takeBatch(queue: Job[], maxRows: number): readonly Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  while (queue.length > 0 && at < maxRows) {
    const job = queue[0]!;
    const start = job.taken;
    const end = Math.min(job.rows, start + maxRows - at);
    segments.push({ job, start, end, at });
    job.taken = end;
    at += end - start;
    if (end === job.rows) queue.shift();
  }
  return segments;
}

export function rowsOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** The batch's inputs, copied: their buffers are transferred, and the callers keep theirs. */
export function gather({ inputs }: Graph, segments: readonly Segment[]): readonly Feed[] {
  const rows = rowsOf(segments);
  return inputs.map((input, index) => {
    const data = allocate(input, rows);
    const size = rowBytes(input);
    const target = bytesOf(data);
    for (const { job, start, end, at } of segments)
      target.set(job.data[index]!.subarray(start * size, end * size), at * size);
    const dims = [rows, ...(input.shape.slice(1) as number[])];
    return { name: input.name, dtype: input.dtype, data, dims };
  });
}

/** Every output that some job of the batch asks for. */
export function outputsOf(segments: readonly Segment[]): readonly string[] {
  return [...new Set(segments.flatMap(({ job }) => job.outputs))];
}

/** Copies a job's rows out of the batch's outputs; a batch of one whole job gives its arrays away. */
export function scatter({ outputs }: Graph, segment: Segment, result: BatchResult): void {
  const { job, start, end, at } = segment;
  for (const output of outputs) {
    if (!job.outputs.includes(output.name)) continue;
    const { data } = result.outputs[output.name]!;
    const size = rowSize(output);
    if (data.length !== result.rows * size)
      throw new InferenceError(
        'wrong-graph',
        `Output "${output.name}" has ${data.length} elements for ${result.rows} rows of ${size}: the graph mixes its rows. Export the bundle again.`,
      );
    if (end - start === result.rows && result.rows === job.rows) {
      job.results.set(output.name, data);
      continue;
    }
    const target = job.results.get(output.name) ?? allocate(output, job.rows);
    job.results.set(output.name, target);
    const bytes = rowBytes(output);
    bytesOf(target).set(
      bytesOf(data).subarray(at * bytes, (at + end - start) * bytes),
      start * bytes,
    );
  }
  job.done += end - start;
}

/** A finished job's outputs, in the order in which they were asked for. */
export function collect({ outputs }: Graph, job: Job): Tensors {
  const tensors = job.outputs.map((name) => {
    const { dtype, shape } = outputs.find((output) => output.name === name)!;
    const dims = [job.rows, ...(shape.slice(1) as number[])];
    return [name, { dtype, data: job.results.get(name)!, dims } as Tensor] as const;
  });
  return Object.fromEntries(tensors);
}
