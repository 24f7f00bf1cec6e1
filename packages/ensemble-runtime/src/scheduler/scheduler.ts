import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import type { CoreBudget } from '../cores/budget.ts';
import { InferenceError } from '../errors.ts';
import type { Lane, Turn } from '../executor/supervisor.ts';
import type { FailureReason, Recorder } from '../stats.ts';
import type { ValidInputs } from '../validate.ts';
import { byteBudget } from './budget.ts';
import { givenUp, watchLimits, type Clock } from './give-up.ts';
import type { Plan } from './plan.ts';
import { createQueue } from './queue.ts';
import { refusalsOf } from './refusals.ts';
import {
  answerOf,
  bytesHeld,
  createRequest,
  type Answer,
  type Request,
  type RequestOptions,
  type Segment,
} from './request.ts';
import { runBatch, type BatchContext } from './run-batch.ts';

export interface SchedulerOptions extends Clock {
  readonly manifest: Pick<BundleManifest, 'name' | 'inputs' | 'outputs'>;
  readonly plan: Plan;
  readonly lanes: readonly Pick<Lane, 'state' | 'failure' | 'reserve'>[];
  /** Cores that a batch computes on, and whom to ask for them. */
  readonly threads: number;
  readonly cores: Pick<CoreBudget, 'take'>;
  readonly maxBatchRows: number;
  readonly maxHeldBytes: number;
  readonly recorder: Recorder;
  /** Calls `act` soon, after what is ready to run has run. */
  readonly defer: (act: () => void) => void;
  /** Calls `act` once the requests that lie ready have come: at the end of this turn of the event loop. */
  readonly gather: (act: () => void) => void;
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
  const { manifest, plan, lanes, threads, cores, recorder, defer, gather, stayAlive, ...clock } =
    options;
  const { maxBatchRows, maxHeldBytes } = options;
  const { now } = clock;
  const queue = createQueue(plan.stages.length, maxBatchRows);
  const budget = byteBudget(maxHeldBytes);
  const refusals = refusalsOf(manifest.name);
  const free = new Set(lanes);
  const pending = new Set<Request>();
  const idle: (() => void)[] = [];
  let isClosed = false;
  let isPumpDue = false;
  // While a worker starts again, nothing else may keep the process from ending.
  let letGo = (): void => undefined;

  const counted = (reason: FailureReason, error: InferenceError, ms = 0): InferenceError => {
    recorder.failure(reason, ms);
    return error;
  };

  const fail = (request: Request, reason: FailureReason, error: InferenceError): void => {
    if (!request.isSettled) request.settle(counted(reason, error, now() - request.queuedAt));
  };

  const context: BatchContext = {
    manifest,
    plan,
    refusals,
    now,
    fail,
    complete(request) {
      recorder.success(request.rows, now() - request.queuedAt, request.spent);
      request.settle(answerOf(request));
    },
    measured(rows, spent) {
      recorder.batchDone(rows, spent);
    },
    goOn(survivors) {
      queue.addSurvivors(survivors);
    },
  };

  /** A crash is no reason to fail at once, and another request's fault none to fail at all: each tries again, alone. */
  const handleFailure = (batch: readonly Segment[], error: unknown): void => {
    const isCrash = error instanceof InferenceError && error.code === 'worker-crashed';
    const isShared = batch.length > 1;
    for (const segment of batch)
      if (segment.tries === 0 && (isCrash || isShared)) queue.addRetry({ ...segment, tries: 1 });
      else fail(segment.request, 'backend', error as InferenceError);
  };

  const occupy = (turn: Turn, done: () => void): void => {
    const batch = turn.isReady() ? queue.take() : [];
    if (batch.length === 0) {
      done();
      return;
    }
    recorder.batch();
    runBatch(context, turn, batch)
      .catch((error: unknown) => {
        handleFailure(batch, error);
      })
      .finally(() => {
        done();
        pumpSoon(defer);
      });
  };

  /** What comes in the same turn of the event loop shares a batch: callers that were just answered, and clients whose requests lay ready. */
  function pumpSoon(wait: typeof defer): void {
    if (isPumpDue || !queue.hasWork()) return;
    isPumpDue = true;
    wait(() => {
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

  /** What the request counts for in the budget. Throws where it is not let in. */
  const admit = (inputs: ValidInputs, wishes: RequestOptions): number => {
    const isGivenUp = givenUp(wishes, clock, refusals);
    if (isGivenUp !== undefined) throw counted('canceled', isGivenUp);
    if (isClosed) throw counted('rejected', refusals.closed());
    if (isBroken()) throw counted('backend', refusals.unavailable(lanes[0]!.failure()));
    const bytes = bytesHeld(manifest, inputs, wishes.outputs);
    const charge = budget.admit(bytes);
    if (charge !== undefined) return charge;
    throw counted('rejected', refusals.overloaded(bytes, budget.held(), maxHeldBytes));
  };

  return {
    submit: (inputs, wishes) =>
      new Promise((resolve, reject) => {
        const charge = admit(inputs, wishes);
        let forget = (): void => undefined;
        const settle = (answer: Answer | Error): void => {
          request.isSettled = true;
          pending.delete(request);
          budget.release(charge);
          forget();
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
          if (pending.size > 0) return;
          letGo();
          for (const wake of idle.splice(0)) wake();
        };
        const request = createRequest(inputs, wishes, now(), settle);
        forget = watchLimits(wishes, clock, refusals, (error) => {
          fail(request, 'canceled', error);
        });
        if (pending.size === 0) letGo = stayAlive();
        pending.add(request);
        queue.add(request);
        pumpSoon(gather);
      }),
    waiting: () => ({
      pendingRequests: pending.size,
      queuedRows: queue.rows(),
      heldBytes: budget.held(),
    }),
    laneChanged() {
      if (isBroken() && pending.size > 0)
        for (const request of queue.requests())
          fail(request, 'backend', refusals.unavailable(lanes[0]!.failure()));
      pump();
    },
    async drain() {
      isClosed = true;
      if (pending.size > 0) await new Promise<void>((resolve) => idle.push(resolve));
    },
  };
}
