import type { Cycle, CyclePlan } from '@snapshot-ensemble/schedules';
import type { Progress } from '../protocol.ts';

/** Which steps of a cycle to take snapshots after: numbers of updates made, in `(cycle.start, cycle.end]`. */
export type SnapshotPoints = (cycle: Cycle, run: Progress) => readonly number[];

/** After the last step of each cycle: the paper's rule (Huang et al. 2017, §3). */
export function cycleEnds(): SnapshotPoints {
  return ({ end }) => [end];
}

/** After every `steps` steps of a cycle, counted back from its end. */
export function everySteps(steps: number): SnapshotPoints {
  checkCount('everySteps', steps);
  return ({ start, end }) => backwards(end, steps, Math.ceil((end - start) / steps));
}

/** After each of the last `epochs` epochs of a cycle, as cyclical Langevin sampling does (Zhang et al. 2020, §3). */
export function lastEpochs(epochs: number): SnapshotPoints {
  checkCount('lastEpochs', epochs);
  return ({ start, end }, { stepsPerEpoch }) =>
    backwards(end, stepsPerEpoch, epochs).filter((step) => step > start);
}

/** The cycle that each snapshot is of, by the number of updates after which it is taken. */
export function pointsOf(
  plan: CyclePlan,
  points: SnapshotPoints,
  run: Progress,
): ReadonlyMap<number, Cycle> {
  const cycles = new Map<number, Cycle>();
  for (const cycle of plan.cycles) {
    for (const step of points(cycle, run)) {
      if (!Number.isSafeInteger(step) || step <= cycle.start || step > cycle.end) {
        throw new RangeError(
          `Snapshot points of cycle ${cycle.index} must be whole numbers in (${cycle.start}, ${cycle.end}], got ${step}.`,
        );
      }
      cycles.set(step, cycle);
    }
  }
  return cycles;
}

function backwards(end: number, distance: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => end - (count - 1 - index) * distance);
}

function checkCount(name: string, count: number): void {
  if (Number.isSafeInteger(count) && count > 0) return;
  throw new RangeError(`${name}(${count}): expected a whole number above 0.`);
}
