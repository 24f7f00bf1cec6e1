import type { Cycle, CyclePlan, Schedule } from '@snapshot-ensemble/schedules';
import type { Metrics, Progress, Trainer, TrainingCallback } from '../protocol.ts';
import type { ExistingRun, Manifest, MemberRecord, SnapshotStore } from '../snapshot-store.ts';
import { handledBy } from './handled-by.ts';
import { checkKeep, checkMetric, surplus, type KeepMembers } from './keep-members.ts';
import { cycleEnds, pointsOf, type SnapshotPoints } from './snapshot-points.ts';

export interface TakeSnapshotsOptions {
  /** The schedule that is followed, to note each member's learning rate; NaN is noted without it. */
  readonly schedule?: Schedule;
  /** What to do if the store holds a run already. Default `refuse`. */
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
   * Takes the error of a save that failed, a full disk say; the training then goes on without that member. Left
   * out, such an error ends the training.
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
  const { schedule, existing = 'refuse', at = cycleEnds(), onStop = 'save' } = options;
  const { keep, onSaveError } = options;
  checkPlan(plan);
  if (keep !== undefined) checkKeep(keep);
  const user = 'take-snapshots';
  let points: ReadonlyMap<number, Cycle> = new Map();
  let savedAt = 0;

  const save = async (
    { cycle, updates }: { readonly cycle: Cycle; readonly updates: number },
    trainer: Trainer,
    metrics: Metrics,
  ): Promise<void> => {
    const learningRate = schedule?.(updates - 1) ?? Number.NaN;
    const member = { cycle: cycle.index, step: updates, learningRate, metrics };
    savedAt = updates;
    if (keep !== undefined && points.has(updates)) checkMetric(keep, metrics, updates);
    await handledBy(onSaveError, async () => {
      await store.saveMember(member, trainer.readWeights());
      await dropUnfinished(store, cycle, (step) => step === updates || points.has(step));
      if (keep !== undefined) await dropSurplus(store, keep, ({ step }) => points.has(step));
    });
  };

  return {
    name: user,
    async onTrainBegin(run, trainer) {
      checkBudget(plan, run);
      points = pointsOf(plan, at, run);
      // What the run begins with was saved by the run before, if it was due.
      savedAt = run.step;
      await store.begin(
        { model: trainer.model, plan, schedule: describeCycles(plan, schedule) },
        existing,
        user,
      );
    },
    onStepEnd(result, trainer) {
      const updates = result.step + 1;
      const cycle = points.get(updates);
      if (cycle === undefined || updates % result.stepsPerEpoch === 0) return undefined;
      return result.readMetrics().then((metrics) => save({ cycle, updates }, trainer, metrics));
    },
    onEpochEnd({ step, metrics }, trainer) {
      const updates = step + 1;
      const cycle = points.get(updates);
      if (cycle === undefined || savedAt === updates) return undefined;
      return save({ cycle, updates }, trainer, metrics);
    },
    async onTrainEnd({ step: updates, totalSteps, stopped }, trainer) {
      const cycle = points.get(updates) ?? cycleOf(plan, updates - 1);
      const isDue = points.has(updates) || (stopped && onStop === 'save');
      if (cycle !== undefined && isDue && savedAt !== updates) {
        await save({ cycle, updates }, trainer, {});
      }
      await handledBy(onSaveError, () => store.end(updates >= totalSteps, user));
    },
  };
}

/** Members that an earlier stop left within a cycle, now that there is a later one. */
async function dropUnfinished(
  store: SnapshotStore,
  cycle: Cycle,
  isKept: (step: number) => boolean,
): Promise<void> {
  const members = (await store.readManifest())?.members ?? [];
  for (const { id, step } of members) {
    if (step > cycle.start && step <= cycle.end && !isKept(step)) await store.removeMember(id);
  }
}

async function dropSurplus(
  store: SnapshotStore,
  keep: KeepMembers,
  isJudged: (member: MemberRecord) => boolean,
): Promise<void> {
  const members = (await store.readManifest())?.members ?? [];
  for (const { id } of surplus(members, keep, isJudged)) await store.removeMember(id);
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
      `The plan is for ${plan.totalSteps} steps, the training runs for ${totalSteps}. Make the plan for ${totalSteps} steps.`,
    );
  }
  if (step > totalSteps) {
    throw new RangeError(`The training begins at step ${step}, after its last (${totalSteps}).`);
  }
}
