import { toSteps, type Budget } from './budget.ts';
import { checkCount } from './check.ts';
import { planOf, type CyclePlan } from './plan.ts';
import { checkOptions } from './options.ts';

export type EqualCyclesOptions = Budget & {
  /** How many cycles, and so how many snapshots: at most one per step. */
  readonly cycles: number;
};

/**
 * A plan of exactly `cycles` cycles whose lengths differ by at most one step. Where `cycles` divides the budget it is
 * the plan of Huang et al. 2017, eq. 2; where it does not, the paper's ⌈T/M⌉ would give fewer cycles or cut the last
 * one short, this does neither.
 */
export function equalCycles(options: EqualCyclesOptions): CyclePlan {
  checkOptions('equalCycles', options, {
    totalSteps: true,
    totalEpochs: true,
    stepsPerEpoch: true,
    cycles: true,
  });
  return planEqually('equalCycles', options);
}

/** The same for whatever has more options than these. */
export function planEqually(where: string, options: EqualCyclesOptions): CyclePlan {
  const { totalSteps } = toSteps(where, options);
  const cycles = checkCount(where, 'cycles', options.cycles);
  if (cycles > totalSteps) {
    throw new RangeError(
      `${where}: ${cycles} cycles do not fit into ${totalSteps} steps. Ask for at most one cycle per step.`,
    );
  }
  const length = Math.floor(totalSteps / cycles);
  const extra = totalSteps % cycles;
  // ⌊(index + 1) · totalSteps / cycles⌋, in an order of operations that cannot leave the exact integers.
  const ends = Array.from(
    { length: cycles },
    (_, index) => (index + 1) * length + Math.floor(((index + 1) * extra) / cycles),
  );
  return planOf(ends);
}
