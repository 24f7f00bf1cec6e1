import { checkOptions } from '@snapshot-ensemble/options';
import type { Cycle, CyclePlan, Schedule } from '@snapshot-ensemble/schedules';
import type {
  Json,
  Metrics,
  Progress,
  StepResult,
  Trainer,
  TrainingCallback,
} from '../protocol.ts';
import type { ExistingRun, Manifest, MemberRecord, Run, SnapshotStore } from '../snapshot-store.ts';
import { handledBy } from './handled-by.ts';
import { checkKeep, checkMetric, surplus, type KeepMembers } from './keep-members.ts';
import { runOfCallback } from './run-of-callback.ts';
import { cycleEnds, pointsOf, type SnapshotPoints } from './snapshot-points.ts';

export interface TakeSnapshotsOptions {
  /** The schedule that is followed, to note each member's learning rate; NaN is noted without it. */
  readonly schedule?: Schedule;
  /** What to do if the store already holds a run. Default `refuse`. */
  readonly existing?: ExistingRun;
  /** When to take snapshots. Default `cycleEnds()`. */
  readonly at?: SnapshotPoints;
  /**
   * Which members stay in the store once a new one is safe there. Default all. The best are chosen among the
   * snapshots that were due: what a stop leaves within a cycle stays beside them until a resumed run replaces it.
   */
  readonly keep?: KeepMembers;
  /**
   * Whether a run that is stopped within a cycle leaves a member of that cycle as it stands. Resuming the run
   * replaces it by the cycle's own. Default `save`.
   */
  readonly onStop?: 'save' | 'skip';
  /**
   * Takes the error of a save that failed, such as a full disk; training then continues without that member. Without
   * it, such an error ends training.
   */
  readonly onSaveError?: (error: unknown) => void;
}

/** A cycle of one step is all restart: it has nothing to anneal. */
const shortestCycle = 2;

/**
 * Saves the weights to the store at the end of each cycle, the last included, before the restart moves them. A
 * snapshot that falls on the end of an epoch carries the epoch's metrics, any other the step's.
 */
export function takeSnapshots(
  plan: CyclePlan,
  store: SnapshotStore,
  options: TakeSnapshotsOptions = {},
): TrainingCallback {
  checkOptions('takeSnapshots', options, {
    ...{ schedule: true, existing: true, at: true, keep: true, onStop: true, onSaveError: true },
  });
  const { schedule, existing = 'refuse', at = cycleEnds(), onStop = 'save' } = options;
  const { keep, onSaveError } = options;
  checkPlan(plan);
  if (keep !== undefined) checkKeep(keep);
  const run = runOfCallback(store, existing);
  let points: ReadonlyMap<number, Cycle> = new Map();
  let savedAt = 0;
  /** A snapshot on the end of an epoch, which waits for the epoch's metrics. */
  let due: Due | undefined;

  const save = async ({ cycle, updates, metrics }: Due, trainer: Trainer): Promise<void> => {
    const learningRate = schedule?.(updates - 1) ?? Number.NaN;
    const member = { cycle: cycle.index, step: updates, learningRate, metrics };
    savedAt = updates;
    due = undefined;
    const current = run.current();
    if (keep !== undefined && points.has(updates)) checkMetric(keep, metrics, updates);
    await handledBy(onSaveError, async () => {
      await current.save(member, trainer.readWeights());
      await dropUnfinished(current, cycle, (step) => step === updates || points.has(step));
      if (keep !== undefined) await dropSurplus(current, keep, ({ step }) => points.has(step));
    });
  };

  const take = async (cycle: Cycle, result: StepResult, trainer: Trainer): Promise<void> => {
    const updates = result.step + 1;
    const snapshot = { cycle, updates, metrics: await result.readMetrics() };
    if (updates % result.stepsPerEpoch === 0) due = snapshot;
    else await save(snapshot, trainer);
  };

  return {
    name: 'take-snapshots',
    endsFirst: true,
    async onTrainBegin(begin, trainer) {
      checkBudget(plan, begin);
      points = pointsOf(plan, at, begin);
      // What the training begins with was saved by the one before, if it was due.
      savedAt = begin.step;
      due = undefined;
      await run.begin(begin, trainer, { plan, schedule: describeCycles(plan, schedule) });
    },
    onStepBegin(_, trainer) {
      // No end of an epoch came: the snapshot is taken before this step moves the weights.
      return due === undefined ? undefined : save(due, trainer);
    },
    onStepEnd(result, trainer) {
      // No more than this runs in every step.
      const cycle = points.get(result.step + 1);
      return cycle === undefined ? undefined : take(cycle, result, trainer);
    },
    onEpochEnd({ step, metrics }, trainer) {
      const updates = step + 1;
      const cycle = points.get(updates);
      if (cycle === undefined || savedAt === updates) return undefined;
      return save({ cycle, updates, metrics }, trainer);
    },
    async onTrainEnd({ step: updates, totalSteps, outcome }, trainer) {
      if (outcome === 'failed') {
        due = undefined;
        await run.end('incomplete');
        return;
      }
      const cycle = points.get(updates) ?? cycleOf(plan, updates - 1);
      const isDue = points.has(updates) || (outcome === 'stopped' && onStop === 'save');
      if (cycle !== undefined && isDue && savedAt !== updates) {
        await save(due ?? { cycle, updates, metrics: {} }, trainer);
      }
      await handledBy(onSaveError, () =>
        run.end(updates >= totalSteps ? 'completed' : 'incomplete'),
      );
    },
    saveState: () => ({ json: due === undefined ? null : savedDue(due) }),
    restoreState({ json }) {
      due = restoredDue(json, points);
    },
  };
}

interface Due {
  readonly cycle: Cycle;
  readonly updates: number;
  readonly metrics: Metrics;
}

/** As texts: JSON has no NaN and no infinities. */
function savedDue({ updates, metrics }: Due): Json {
  const values = Object.entries(metrics).map(([name, value]) => [name, String(value)] as const);
  return { updates, metrics: Object.fromEntries(values) };
}

function restoredDue(json: Json, points: ReadonlyMap<number, Cycle>): Due | undefined {
  const { updates, metrics } = json as {
    readonly updates: number;
    readonly metrics: Readonly<Record<string, string>>;
  };
  const cycle = points.get(updates);
  const values = Object.entries(metrics).map(([name, value]) => [name, Number(value)] as const);
  return cycle && { cycle, updates, metrics: Object.fromEntries(values) };
}

/** Members that an earlier stop left within a cycle, now that there is a later one. */
async function dropUnfinished(
  run: Run,
  cycle: Cycle,
  isKept: (step: number) => boolean,
): Promise<void> {
  for (const { id, step } of run.manifest.members) {
    if (step > cycle.start && step <= cycle.end && !isKept(step)) await run.remove(id);
  }
}

async function dropSurplus(
  run: Run,
  keep: KeepMembers,
  isJudged: (member: MemberRecord) => boolean,
): Promise<void> {
  for (const { id } of surplus(run.manifest.members, keep, isJudged)) await run.remove(id);
}

/** The cycle that holds this step. */
function cycleOf(plan: CyclePlan, step: number): Cycle | undefined {
  return plan.cycles.find(({ start, end }) => start <= step && step < end);
}

function describeCycles(plan: CyclePlan, schedule: Schedule | undefined): Manifest['schedule'] {
  return plan.cycles.map(({ start, end }) => ({
    start,
    end,
    lrMax: schedule?.(start) ?? Number.NaN,
    lrEnd: schedule?.(end - 1) ?? Number.NaN,
  }));
}

function checkPlan(plan: CyclePlan): void {
  for (const { index, start, end } of plan.cycles) {
    if (end - start >= shortestCycle) continue;
    throw new RangeError(
      `Cycle ${index} of the plan is ${end - start} steps long, [${start}, ${end}); a snapshot needs at least ` +
        `${shortestCycle}. Use fewer cycles or more steps.`,
    );
  }
}

function checkBudget(plan: CyclePlan, { totalSteps, step }: Progress): void {
  if (plan.totalSteps !== totalSteps) {
    throw new RangeError(
      `The plan is for ${plan.totalSteps} steps, but training runs for ${totalSteps}. Make the plan for ${totalSteps} steps.`,
    );
  }
  if (step > totalSteps) {
    throw new RangeError(`Training begins at step ${step}, after its last (${totalSteps}).`);
  }
}
