import { anneal } from './anneal.ts';
import type { Budget } from './budget.ts';
import { stepwise, type Drop } from './curves.ts';
import { equalCycles } from './equal-cycles.ts';
import { cyclesOf } from './cycles-of.ts';
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

/** The NoCycle baseline of Huang et al. 2017, §4: one staircase over the whole budget, snapshots at equal distances. */
export function noCycle(options: BaselineOptions): PlannedSchedule {
  const plan = equalCycles(options);
  const curve = stepwise(options.drops ?? paperDrops);
  return { plan, schedule: anneal(cyclesOf([plan.totalSteps]), { lrInit: options.lrInit, curve }) };
}

/**
 * The SingleCycle baseline of Huang et al. 2017, §4: `cycles` short runs, each down the whole staircase. The training
 * loop must start from new random weights, and a new optimizer, at the start of every cycle.
 */
export function singleCycle(options: BaselineOptions): PlannedSchedule {
  const plan = equalCycles(options);
  const curve = stepwise(options.drops ?? paperDrops);
  return { plan, schedule: anneal(plan, { lrInit: options.lrInit, curve }) };
}
