import { anneal } from './anneal.ts';
import type { Budget } from './budget.ts';
import { checkCount, checkStep, refuse } from './check.ts';
import { cycleAt } from './cycle-at.ts';
import { planEqually } from './equal-cycles.ts';
import { planOf, type Cycle } from './plan.ts';
import type { PlannedSchedule } from './schedule.ts';
import { checkOptions } from './options.ts';

const where = 'cyclicalSgMcmc';

export type CyclicalSgMcmcOptions = Budget & {
  readonly cycles: number;
  readonly lrInit: number;
  /** Share of a cycle, at its end, in which noise is added and samples are taken, in (0, 1]. Default 0.2. */
  readonly samplingShare?: number;
  /** Snapshots in each cycle, spread over its sampling stage. Default 3. */
  readonly samplesPerCycle?: number;
};

export interface CyclicalSgMcmc extends PlannedSchedule {
  /** Whether the update at this step is followed by Langevin noise. */
  readonly addsNoise: (step: number) => boolean;
}

/**
 * Cyclical stochastic-gradient MCMC (Zhang et al. 2020, eq. 1 and algorithm 1): cosine cycles, each of which explores
 * and then samples. The plan has one cycle per sample, so that whatever takes snapshots at its cycle ends takes all.
 */
export function cyclicalSgMcmc(options: CyclicalSgMcmcOptions): CyclicalSgMcmc {
  checkOptions(where, options, {
    totalSteps: true,
    totalEpochs: true,
    stepsPerEpoch: true,
    cycles: true,
    lrInit: true,
    samplingShare: true,
    samplesPerCycle: true,
  });
  const { samplingShare = 0.2 } = options;
  const samples = checkCount(where, 'samplesPerCycle', options.samplesPerCycle ?? 3);
  if (!(samplingShare > 0 && samplingShare <= 1)) {
    refuse(where, 'samplingShare', samplingShare, 'in (0, 1]');
  }
  const annealing = planEqually(where, options);
  const sampling = ({ start, end }: Cycle): number => Math.round((end - start) * samplingShare);
  const ends = annealing.cycles.flatMap((cycle) => {
    const steps = sampling(cycle);
    if (steps < samples) {
      refuse(
        where,
        'samplesPerCycle',
        samples,
        `at most the ${steps} sampling steps of cycle ${cycle.index}`,
      );
    }
    return Array.from({ length: samples }, (_, index) =>
      Math.round(cycle.end - (steps * (samples - 1 - index)) / samples),
    );
  });
  return {
    plan: planOf(ends),
    schedule: anneal(annealing, { lrInit: options.lrInit }),
    addsNoise: (step) => {
      const cycle = cycleAt(annealing, checkStep(where, step));
      return step >= cycle.end - sampling(cycle);
    },
  };
}
