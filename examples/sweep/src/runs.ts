import type { PlanOptions } from '@snapshot-ensemble/adapter-tfjs';

/** One training run of the sweep. */
export interface SweepRun {
  /** The folder of its store, below the sweep's. */
  readonly name: string;
  /** Of the initial weights; the data and their order are the same in every run. */
  readonly seed: number;
  readonly schedule: PlanOptions;
}

/** Of 12 epochs. Every cycle ends with an epoch, so that each snapshot has a validation loss to be chosen by. */
const schedules: Readonly<Record<string, PlanOptions>> = {
  'three-cycles': { cycles: 3, lrInit: 0.1 },
  'six-cycles': { cycles: 6, lrInit: 0.2 },
  growing: { cycleLength: 4, cycleLengthMultiplier: 2, lrInit: 0.2 },
};

/** Every seed with every schedule. A run keeps its place in this list, by which a cluster calls it. */
export const runs: readonly SweepRun[] = [1, 2].flatMap((seed) =>
  Object.entries(schedules).map(([name, schedule]) => ({
    name: `${name}-seed-${seed}`,
    seed,
    schedule,
  })),
);
