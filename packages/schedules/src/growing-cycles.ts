import { toSteps, type Budget, type BudgetInSteps } from './budget.ts';
import { checkCount, checkOneOf, checkPositive, refuse } from './check.ts';
import { planOf, type CyclePlan } from './plan.ts';
import { checkOptions } from './options.ts';

const where = 'growingCycles';

export type GrowingCyclesOptions = Budget & {
  /** Length of the first cycle, in the unit of the budget; of epochs a fraction will do. */
  readonly cycleLength: number;
  /** Ratio of successive cycle lengths (T_mult of Loshchilov & Hutter 2017); below 1 they shrink. */
  readonly cycleLengthMultiplier: number;
  /**
   * What happens to steps left over after the last whole cycle. `'fit'`: they become a shorter last cycle, or, if that
   * would be under half the one before it, lengthen the latter. `'refuse'`: a RangeError that names the nearest
   * budgets that fit. Default `'fit'`.
   */
  readonly onRemainder?: 'fit' | 'refuse';
};

/**
 * A plan whose cycles grow by `cycleLengthMultiplier`, which need not be an integer: cycle `i` ends at the sum of
 * `cycleLength · cycleLengthMultiplierʲ` for j ≤ i, rounded to the nearest step, so that rounding never adds up.
 */
export function growingCycles(options: GrowingCyclesOptions): CyclePlan {
  checkOptions(where, options, {
    totalSteps: true,
    totalEpochs: true,
    stepsPerEpoch: true,
    cycleLength: true,
    cycleLengthMultiplier: true,
    onRemainder: true,
  });
  const budget = toSteps(where, options);
  const onRemainder = checkOneOf(where, 'onRemainder', options.onRemainder ?? 'fit', [
    'fit',
    'refuse',
  ]);
  const unit = options.totalSteps === undefined ? 'epochs' : 'steps';
  const cycleLength = firstLength(options.cycleLength, unit, budget.stepsPerUnit);
  const multiplier = checkPositive(where, 'cycleLengthMultiplier', options.cycleLengthMultiplier);
  const { ends, next } = wholeCycles(budget.totalSteps, cycleLength, multiplier);
  if (ends.at(-1) !== budget.totalSteps) {
    if (onRemainder === 'refuse') refuseRemainder(unit, budget, ends.at(-1), next);
    fitRemainder(ends, budget.totalSteps);
  }
  return planOf(ends);
}

type Unit = 'steps' | 'epochs';

function firstLength(cycleLength: number, unit: Unit, stepsPerUnit: number): number {
  if (unit === 'steps') return checkCount(where, 'cycleLength', cycleLength);
  const steps = checkPositive(where, 'cycleLength', cycleLength) * stepsPerUnit;
  if (steps >= 1) return steps;
  return refuse(where, 'cycleLength', cycleLength, `at least one step: 1/${stepsPerUnit} epochs`);
}

/** Ends of the cycles that fit whole into the budget, and the end of the first that does not. */
function wholeCycles(
  totalSteps: number,
  cycleLength: number,
  multiplier: number,
): { ends: number[]; next: number } {
  const ends: number[] = [];
  let length = cycleLength;
  let sum = cycleLength;
  while (Math.round(sum) <= totalSteps) {
    ends.push(Math.round(sum));
    length *= multiplier;
    sum += length;
    if (length < 1 && ends.at(-1)! < totalSteps) {
      throw new RangeError(
        `${where}: cycleLengthMultiplier ${multiplier} shrinks cycle ${ends.length} to ${length} steps before the budget of ${totalSteps} steps is used up. Cycles need at least one step: raise cycleLength or cycleLengthMultiplier, or lower the budget to ${ends.at(-1)!}.`,
      );
    }
    if (ends.at(-1) === totalSteps) break;
  }
  return { ends, next: Math.round(sum) };
}

function fitRemainder(ends: number[], totalSteps: number): void {
  const end = ends.at(-1) ?? 0;
  const lastLength = end - (ends.at(-2) ?? 0);
  if (ends.length > 0 && totalSteps - end < lastLength / 2) ends.pop();
  ends.push(totalSteps);
}

function refuseRemainder(
  unit: Unit,
  { totalSteps, stepsPerUnit }: BudgetInSteps,
  below: number | undefined,
  above: number,
): never {
  const nearest = [below, above].filter((steps) => steps !== undefined);
  const values = nearest.map((steps) => String(steps / stepsPerUnit)).join(' or ');
  throw new RangeError(
    `${where}: a budget of ${totalSteps / stepsPerUnit} ${unit} leaves ${totalSteps - (below ?? 0)} steps after the last whole cycle. Nearest that fit: ${values} ${unit}. Or let the last cycle take the rest: onRemainder: 'fit'.`,
  );
}
