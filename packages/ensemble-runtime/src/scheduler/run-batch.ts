import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import type { InferenceError } from '../errors.ts';
import type { BatchResult } from '../executor/port.ts';
import type { Turn } from '../executor/supervisor.ts';
import type { FailureReason } from '../stats.ts';
import { feedsOf, joinState } from './gather.ts';
import type { Plan } from './plan.ts';
import type { Refusals } from './refusals.ts';
import {
  countRows,
  rowsOf,
  type Request,
  type RequestOptions,
  type Segment,
  type Spent,
} from './request.ts';
import { checkRows, scatter } from './scatter.ts';

/** What becomes of the rows of a batch. */
export interface BatchContext {
  readonly manifest: Pick<BundleManifest, 'name' | 'inputs'>;
  readonly plan: Plan;
  readonly refusals: Refusals;
  readonly now: () => number;
  readonly fail: (request: Request, reason: FailureReason, error: InferenceError) => void;
  /** Every row of the request has its answer. */
  readonly complete: (request: Request) => void;
  /** Where the time of a run went, in milliseconds. */
  readonly measured: (rows: number, spent: Omit<Spent, 'queue'>) => void;
  /** These rows go on to the next stage. */
  readonly goOn: (survivors: Segment) => void;
}

/** Runs rows of one stage together, answers those that leave, and hands on the others. Throws what the run throws. */
export async function runBatch(
  context: BatchContext,
  turn: Pick<Turn, 'run'>,
  batch: readonly Segment[],
): Promise<void> {
  const { manifest, plan, now, complete, measured, goOn } = context;
  const started = now();
  const index = batch[0]!.stage;
  const stage = plan.stages[index]!;
  const rows = rowsOf(batch);
  const wanted = [...new Set(batch.flatMap(({ request }) => request.wishes.outputs))];
  const feeds = feedsOf(manifest, stage.state, batch);
  const gathered = now();
  const outputs = plan.graphOutputs(index, wanted);
  const result = await turn.run({ graph: stage.graph, rows, feeds, outputs });
  checkRows(manifest.name, result.outputs, rows);
  refuseNonFinite(context, batch, result);
  const read = plan.read(index, result, index === 0 ? {} : joinState(batch), wanted);
  const output = now() - gathered - result.runMs;
  measured(rows, { input: gathered - started, infer: result.runMs, output });
  let at = 0;
  for (const segment of batch) {
    const { request } = segment;
    const { spent } = request;
    if (index === 0 && spent.infer === 0) spent.queue = started - request.queuedAt;
    spent.input += gathered - started;
    spent.infer += result.runMs;
    spent.output += output;
    if (!request.isSettled) {
      const thresholds = thresholdsOf(plan, index, request.wishes);
      const survivors = scatter(segment, read, stage.membersUsed, thresholds, { at, rows });
      if (survivors !== undefined) goOn(survivors);
      if (request.left === 0) complete(request);
    }
    at += countRows(segment.rows);
  }
}

/** Fails the requests whose own rows hold what they must not. */
function refuseNonFinite(
  { refusals, fail }: Pick<BatchContext, 'refusals' | 'fail'>,
  batch: readonly Segment[],
  { nonFinite }: BatchResult,
): void {
  const outputs = Object.entries(nonFinite.outputs);
  if (nonFinite.inputs.length === 0 && outputs.length === 0) return;
  let at = 0;
  for (const { request, rows } of batch) {
    const end = at + countRows(rows);
    const hits = (bad: readonly number[]): boolean => bad.some((row) => row >= at && row < end);
    const isOwn = ([name, bad]: (typeof outputs)[number]): boolean =>
      request.wishes.outputs.includes(name) && hits(bad);
    if (request.wishes.allowNonFinite !== true) {
      const output = outputs.find(isOwn)?.[0];
      if (hits(nonFinite.inputs)) fail(request, 'invalid', refusals.nonFiniteInput());
      else if (output !== undefined) fail(request, 'backend', refusals.nonFiniteOutput(output));
    }
    at = end;
  }
}

/** Confidences at which a request's rows leave after a stage, by output; undefined where all rows do, none where no row does. */
function thresholdsOf(
  plan: Plan,
  stage: number,
  { maxMembers = Infinity, confidence }: RequestOptions,
): readonly number[] | undefined {
  const next = plan.stages[stage + 1];
  if (next === undefined || next.membersUsed > maxMembers) return undefined;
  const thresholds = plan.thresholds(stage) ?? [];
  return confidence === undefined ? thresholds : thresholds.map(() => confidence);
}
