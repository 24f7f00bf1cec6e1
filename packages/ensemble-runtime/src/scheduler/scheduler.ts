import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import { InferenceError } from '../errors.ts';
import type { CoreBudget } from '../cores/budget.ts';
import type { BatchResult } from '../executor/port.ts';
import type { Lane, Turn } from '../executor/supervisor.ts';
import type { FailureReason, Recorder } from '../stats.ts';
import { rowBytes } from '../tensor.ts';
import type { ValidInputs } from '../validate.ts';
import { byteBudget } from './budget.ts';
import { feedsOf, joinState } from './gather.ts';
import type { Plan } from './plan.ts';
import { createQueue } from './queue.ts';
import {
  answerOf,
  countRows,
  rowsOf,
  type Answer,
  type Request,
  type RequestOptions,
  type Segment,
} from './request.ts';
import { checkRows, scatter } from './scatter.ts';

export interface SchedulerOptions {
  readonly manifest: Pick<BundleManifest, 'name' | 'inputs' | 'outputs'>;
  readonly plan: Plan;
  readonly lanes: readonly Pick<Lane, 'state' | 'failure' | 'reserve'>[];
  /** Cores that a batch computes on, and whom to ask for them. */
  readonly threads: number;
  readonly cores: Pick<CoreBudget, 'take'>;
  readonly maxBatchRows: number;
  readonly maxHeldBytes: number;
  readonly recorder: Recorder;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Calls `act` once, later; the returned function forgets it. */
  readonly later: (act: () => void, ms: number) => () => void;
  /** Calls `act` soon, after what is ready to run has run. */
  readonly defer: (act: () => void) => void;
  /** Keeps this process from ending for want of work; the returned function no longer does. */
  readonly stayAlive: () => () => void;
}

export interface Waiting {
  /** Requests that are not answered yet. */
  readonly pendingRequests: number;
  readonly queuedRows: number;
  /** Inputs and outputs of the requests without an answer. */
  readonly heldBytes: number;
}

/** Puts the rows of waiting requests together whenever a lane is free; it never waits for more to come. */
export interface Scheduler {
  submit(inputs: ValidInputs, options: RequestOptions): Promise<Answer>;
  waiting(): Waiting;
  /** To be called when a lane's state changed. */
  laneChanged(): void;
  /** Refuses what comes from now on; fulfilled when all that was accepted has its answer. */
  drain(): Promise<void>;
}

export function createScheduler(options: SchedulerOptions): Scheduler {
  const { manifest, plan, lanes, threads, cores, recorder, now, later, defer, stayAlive } = options;
  const { maxBatchRows, maxHeldBytes } = options;
  const queue = createQueue(plan.stages.length, maxBatchRows);
  const budget = byteBudget(maxHeldBytes);
  const free = new Set(lanes);
  const pending = new Set<Request>();
  const idle: (() => void)[] = [];
  let isClosed = false;
  let isPumpDue = false;
  // While a worker starts again, nothing else may keep the process from ending.
  let letGo = (): void => undefined;

  const refuse = (
    reason: FailureReason,
    code: InferenceError['code'],
    text: string,
    cause?: unknown,
  ): InferenceError => {
    recorder.failure(reason);
    return new InferenceError(code, `Ensemble "${manifest.name}" ${text}`, { cause });
  };

  const fail = (
    { request }: Pick<Segment, 'request'>,
    reason: FailureReason,
    error: Error,
  ): void => {
    if (request.isSettled) return;
    recorder.failure(reason);
    request.settle(error);
  };

  const complete = (request: Request): void => {
    recorder.success(request.rows, { ...request.spent, request: now() - request.queuedAt });
    request.settle(answerOf(request));
  };

  /** Fails the requests whose own rows hold what they must not. */
  const refuseNonFinite = (batch: readonly Segment[], { nonFinite }: BatchResult): void => {
    const outputs = Object.entries(nonFinite.outputs);
    if (nonFinite.inputs.length === 0 && outputs.length === 0) return;
    let at = 0;
    for (const segment of batch) {
      const { request } = segment;
      const end = at + countRows(segment.rows);
      const hits = (rows: readonly number[]): boolean => rows.some((row) => row >= at && row < end);
      const output = outputs.find(
        ([name, rows]) => request.outputs.includes(name) && hits(rows),
      )?.[0];
      if (request.allowNonFinite !== true && hits(nonFinite.inputs))
        fail(segment, 'invalid', nonFiniteInput(manifest.name));
      else if (request.allowNonFinite !== true && output !== undefined)
        fail(segment, 'backend', nonFiniteOutput(manifest.name, output));
      at = end;
    }
  };

  const execute = async (turn: Pick<Turn, 'run'>, batch: readonly Segment[]): Promise<void> => {
    const started = now();
    const index = batch[0]!.stage;
    const stage = plan.stages[index]!;
    const rows = rowsOf(batch);
    const wanted = [...new Set(batch.flatMap(({ request }) => request.outputs))];
    const feeds = feedsOf(manifest, stage.state, batch);
    recorder.batch();
    const gathered = now();
    const result = await turn.run({
      graph: stage.graph,
      rows,
      feeds,
      outputs: plan.graphOutputs(index, wanted),
    });
    checkRows(manifest.name, result.outputs, rows);
    refuseNonFinite(batch, result);
    const read = plan.read(index, result, index === 0 ? {} : joinState(batch), wanted);
    const output = now() - gathered - result.runMs;
    let at = 0;
    for (const segment of batch) {
      const { request } = segment;
      const { spent } = request;
      if (index === 0 && spent.infer === 0) spent.queue = started - request.queuedAt;
      spent.input += gathered - started;
      spent.infer += result.runMs;
      spent.output += output;
      if (!request.isSettled) {
        const thresholds = thresholdsOf(plan, index, request);
        const survivors = scatter(segment, read, stage.membersUsed, thresholds, { at, rows });
        if (survivors !== undefined) queue.addSurvivors(survivors);
        if (request.left === 0) complete(request);
      }
      at += countRows(segment.rows);
    }
  };

  /** A crash is no reason to fail at once, and another request's fault none to fail at all: each tries again, alone. */
  const handleFailure = (batch: readonly Segment[], error: unknown): void => {
    const isCrash = error instanceof InferenceError && error.code === 'worker-crashed';
    const isShared = batch.length > 1;
    for (const segment of batch)
      if (segment.tries === 0 && (isCrash || isShared)) queue.addRetry({ ...segment, tries: 1 });
      else fail(segment, 'backend', error as Error);
  };

  const occupy = (turn: Turn, done: () => void): void => {
    const batch = turn.isReady() ? queue.take() : [];
    if (batch.length === 0) {
      done();
      return;
    }
    execute(turn, batch)
      .catch((error: unknown) => {
        handleFailure(batch, error);
      })
      .finally(() => {
        done();
        pumpSoon();
      });
  };

  /** After a batch: callers that were answered may ask again at once, and such requests share the next batch instead of waiting for it. */
  function pumpSoon(): void {
    if (isPumpDue || !queue.hasWork()) return;
    isPumpDue = true;
    defer(() => {
      isPumpDue = false;
      pump();
    });
  }

  function pump(): void {
    if (isPumpDue) return;
    for (const lane of [...free]) {
      if (!queue.hasWork()) return;
      if (lane.state() !== 'ready') continue;
      free.delete(lane);
      lane.reserve((turn) => {
        cores.take(threads, (giveBack) => {
          occupy(turn, () => {
            giveBack();
            turn.release();
            free.add(lane);
          });
        });
      });
    }
  }

  const isBroken = (): boolean => lanes.every(({ state }) => state() === 'broken');
  const unavailable = (): InferenceError => {
    const cause = lanes[0]!.failure();
    const reason = cause instanceof Error ? cause.message : 'they end as soon as they start';
    return refuse(
      'backend',
      'unavailable',
      `has no worker: ${reason} They are started again.`,
      cause,
    );
  };

  const admit = (inputs: ValidInputs, outputs: readonly string[]): number => {
    if (isClosed) throw refuse('rejected', 'closed', 'is closed; load it again.');
    if (isBroken()) throw unavailable();
    const bytes = bytesHeld(manifest, inputs, outputs);
    const charge = budget.admit(bytes);
    if (charge !== undefined) return charge;
    throw refuse(
      'rejected',
      'overloaded',
      `is busy: its requests hold ${budget.held()} bytes and one of ${bytes} came, maxHeldBytes is ${maxHeldBytes}. Try again later.`,
    );
  };

  const createRequest = (
    inputs: ValidInputs,
    wishes: RequestOptions,
    charge: number,
    settle: Request['settle'],
  ): Request => ({
    ...inputs,
    ...wishes,
    charge,
    queuedAt: now(),
    results: new Map(),
    membersUsed: new Uint32Array(inputs.rows),
    spent: { queue: 0, input: 0, infer: 0, output: 0 },
    taken: 0,
    left: inputs.rows,
    isSettled: false,
    settle,
  });

  const aborted = (signal: AbortSignal): InferenceError =>
    new InferenceError(
      'aborted',
      `A request to ensemble "${manifest.name}" was aborted by its signal before it was answered.`,
      { cause: signal.reason },
    );
  const late = (): InferenceError =>
    new InferenceError(
      'deadline-exceeded',
      `A request to ensemble "${manifest.name}" was not answered by its deadline.`,
    );

  return {
    submit: (inputs, wishes) =>
      new Promise((resolve, reject) => {
        const { signal, deadline } = wishes;
        const endings: (() => void)[] = [];
        const settle = (answer: Answer | Error): void => {
          request.isSettled = true;
          pending.delete(request);
          budget.release(charge);
          for (const end of endings) end();
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
          if (pending.size > 0) return;
          letGo();
          for (const wake of idle.splice(0)) wake();
        };
        if (signal?.aborted === true) {
          recorder.failure('canceled');
          throw aborted(signal);
        }
        if (deadline !== undefined && deadline <= now()) {
          recorder.failure('canceled');
          throw late();
        }
        const charge = admit(inputs, wishes.outputs);
        const request = createRequest(inputs, wishes, charge, settle);
        if (signal !== undefined) {
          const abort = (): void => {
            fail({ request }, 'canceled', aborted(signal));
          };
          signal.addEventListener('abort', abort, { once: true });
          endings.push(() => {
            signal.removeEventListener('abort', abort);
          });
        }
        if (deadline !== undefined)
          endings.push(
            later(() => {
              fail({ request }, 'canceled', late());
            }, deadline - now()),
          );
        if (pending.size === 0) letGo = stayAlive();
        pending.add(request);
        queue.add(request);
        pump();
      }),
    waiting: () => ({
      pendingRequests: pending.size,
      queuedRows: queue.rows(),
      heldBytes: budget.held(),
    }),
    laneChanged() {
      if (isBroken() && pending.size > 0)
        for (const request of queue.requests()) fail({ request }, 'backend', unavailable());
      pump();
    },
    async drain() {
      isClosed = true;
      if (pending.size > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
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

function bytesHeld(
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

function nonFiniteInput(name: string): InferenceError {
  return new InferenceError(
    'non-finite-input',
    `Cannot run ensemble "${name}": an input holds a NaN or an infinity. Send finite values, or set allowNonFinite.`,
  );
}

function nonFiniteOutput(name: string, output: string): InferenceError {
  return new InferenceError(
    'non-finite-output',
    `Output "${output}" of ensemble "${name}" holds a NaN or an infinity for finite inputs: they lie outside the range that the model was made for. Check their scale, or set allowNonFinite.`,
  );
}
