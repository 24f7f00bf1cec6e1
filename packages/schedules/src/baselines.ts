import { anneal } from './anneal.ts';
import type { Budget } from './budget.ts';
import { stepwise, type Drop } from './curves.ts';
import { planEqually } from './equal-cycles.ts';
import { checkOptions } from './options.ts';
import { cyclesOf } from './cycles-of.ts';
import type { CyclePlan } from './plan.ts';
import type { PlannedSchedule } from './schedule.ts';

export type BaselineOptions = Budget & {
  /** How many snapshots. */
  readonly cycles: number;
  readonly lrInit: number;
  /** The staircase. Default a tenth from ½ on and a hundredth from ¾ on, as in the paper. */
  readonly drops?: readonly Drop[];
};

const paperDrops: readonly Drop[] = [
  { at: 0.5, factor: 0.1 },
  { at: 0.75, factor: 0.01 },
];

/**
 * A baseline to compare with, not a way to make an ensemble: one staircase over the whole budget, as in ordinary training,
 * with snapshots at equal distances. The early ones are not annealed. NoCycle of Huang et al. 2017, §4.
 */
export function noCycle(options: BaselineOptions): PlannedSchedule {
  const plan = planOf('noCycle', options);
  const curve = stepwise(options.drops ?? paperDrops);
  return { plan, schedule: anneal(cyclesOf([plan.totalSteps]), { lrInit: options.lrInit, curve }) };
}

/**
 * A baseline to compare with: `cycles` independent networks for the budget of one, each down the whole staircase in its
 * share of it. The training loop must start from new random weights, and a new optimizer, at the start of every cycle:
 * the schedule alone does not make the runs independent. SingleCycle of Huang et al. 2017, §4.
 */
export function singleCycle(options: BaselineOptions): PlannedSchedule {
  const plan = planOf('singleCycle', options);
  const curve = stepwise(options.drops ?? paperDrops);
  return { plan, schedule: anneal(plan, { lrInit: options.lrInit, curve }) };
}

function planOf(where: string, options: BaselineOptions): CyclePlan {
  checkOptions(where, options, {
    totalSteps: true,
    totalEpochs: true,
    stepsPerEpoch: true,
    cycles: true,
    lrInit: true,
    drops: true,
  });
  return planEqually(where, options);
}
