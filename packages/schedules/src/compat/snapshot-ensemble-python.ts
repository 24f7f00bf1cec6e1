import { checkCount, checkNotNegative, checkPositive, refuseStep } from '../check.ts';
import { cycleAt } from '../cycle-at.ts';
import { planOf } from '../plan.ts';
import type { PlannedSchedule, Schedule } from '../schedule.ts';
import { checkOptions } from '../options.ts';

export interface SnapshotEnsemblePythonOptions {
  /** The `epochs` of `fit`. */
  readonly epochs: number;
  /** Batches in an epoch. */
  readonly steps_per_epoch: number;
  /** In epochs. Default 10. */
  readonly cycle_length?: number;
  /** Default 1.5. */
  readonly cycle_length_multiplier?: number;
  /** Default 0.01. */
  readonly lr_init?: number;
  /** Shrinks by `lr_multiplier` as the peak does. Default 1e-6. */
  readonly lr_min?: number;
  /** Default 0.9. */
  readonly lr_multiplier?: number;
}

/** A cycle as the Python package sees it; times are in its own unit. */
interface PythonCycle {
  readonly start: number;
  readonly length: number;
  readonly lrMax: number;
  readonly lrMin: number;
}

/**
 * What `SnapshotEnsembleCallback` of the Python package `snapshot-ensemble` 1.0.0 trains with, batch by batch: cycle
 * lengths are fractional epochs, a restart comes with the first batch past the end of a cycle and the next cycle
 * counts from there (so restarts drift), and the floor shrinks with the peak. The package saves its snapshots at the
 * restarts, so that the plan's last cycle, which the budget may cut short, gives none.
 */
export function snapshotEnsemblePython(options: SnapshotEnsemblePythonOptions): PlannedSchedule {
  const where = 'snapshotEnsemblePython';
  checkOptions(where, options, {
    epochs: true,
    steps_per_epoch: true,
    cycle_length: true,
    cycle_length_multiplier: true,
    lr_init: true,
    lr_min: true,
    lr_multiplier: true,
  });
  const epochs = checkCount(where, 'epochs', options.epochs);
  const perEpoch = checkCount(where, 'steps_per_epoch', options.steps_per_epoch);
  const timeOf = (step: number): number =>
    Math.floor(step / perEpoch) + (step % perEpoch) / perEpoch;
  const multiplier = checkPositive(
    where,
    'cycle_length_multiplier',
    options.cycle_length_multiplier ?? 1.5,
  );
  const first = checkPositive(where, 'cycle_length', options.cycle_length ?? 10);
  return simulate(where, options, {
    total: epochs * perEpoch,
    timeOf,
    first,
    nextLength: (length) => length * multiplier,
    firstStepOf: (time) => {
      let step = Math.max(0, Math.ceil(time * perEpoch) - 1);
      while (timeOf(step) < time) step += 1;
      return step;
    },
  });
}

export interface SnapshotEnsemblePythonVisualizeLROptions extends Omit<
  SnapshotEnsemblePythonOptions,
  'epochs' | 'steps_per_epoch'
> {
  /** Default 500. */
  readonly epochs?: number;
}

/**
 * What `VisualizeLR` of the same package draws, epoch by epoch, which is not what it trains with: cycles are whole
 * epochs, one longer than asked for, and reach their floor.
 */
export function snapshotEnsemblePythonVisualizeLR(
  options: SnapshotEnsemblePythonVisualizeLROptions = {},
): PlannedSchedule {
  const where = 'snapshotEnsemblePythonVisualizeLR';
  checkOptions(where, options, {
    epochs: true,
    cycle_length: true,
    cycle_length_multiplier: true,
    lr_init: true,
    lr_min: true,
    lr_multiplier: true,
  });
  const multiplier = checkPositive(
    where,
    'cycle_length_multiplier',
    options.cycle_length_multiplier ?? 1.5,
  );
  return simulate(where, options, {
    total: checkCount(where, 'epochs', options.epochs ?? 500),
    timeOf: (epoch) => epoch,
    first: checkCount(where, 'cycle_length', options.cycle_length ?? 10),
    nextLength: (length) => Math.ceil(length * multiplier),
    firstStepOf: (epoch) => epoch + 1,
  });
}

interface Clock {
  readonly total: number;
  readonly timeOf: (step: number) => number;
  readonly first: number;
  readonly nextLength: (length: number) => number;
  /** The step of the restart that ends a cycle at `time`. */
  readonly firstStepOf: (time: number) => number;
}

function simulate(
  where: string,
  options: Pick<SnapshotEnsemblePythonOptions, 'lr_init' | 'lr_min' | 'lr_multiplier'>,
  { total, timeOf, first, nextLength, firstStepOf }: Clock,
): PlannedSchedule {
  let lrMax = checkPositive(where, 'lr_init', options.lr_init ?? 0.01);
  let lrMin = checkNotNegative(where, 'lr_min', options.lr_min ?? 1e-6);
  const lrMultiplier = checkPositive(where, 'lr_multiplier', options.lr_multiplier ?? 0.9);
  const cycles: PythonCycle[] = [];
  const ends: number[] = [];
  let length = first;
  for (let step = 0; step < total; step = ends.at(-1)!) {
    const start = timeOf(step);
    cycles.push({ start, length, lrMax, lrMin });
    // A cycle shorter than a batch restarts at the next one.
    ends.push(Math.min(total, Math.max(step + 1, firstStepOf(start + length))));
    length = nextLength(length);
    lrMax *= lrMultiplier;
    lrMin *= lrMultiplier;
  }
  const plan = planOf(ends);
  const schedule: Schedule = (step) => {
    if (!(step >= 0 && step < total && Number.isInteger(step))) refuseStep(where, step, total);
    const cycle = cycles[cycleAt(plan, step).index]!;
    const progress = (timeOf(step) - cycle.start) / cycle.length;
    return cycle.lrMin + 0.5 * (cycle.lrMax - cycle.lrMin) * (1 + Math.cos(Math.PI * progress));
  };
  return { plan, schedule };
}
