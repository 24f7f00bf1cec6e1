import { checkCount, checkPositive } from './check.ts';

/** A budget counted in steps. */
export interface StepBudget {
  /** Steps of the whole run. */
  readonly totalSteps: number;
  readonly totalEpochs?: never;
  readonly stepsPerEpoch?: never;
}

/** The same budget counted in epochs; lengths beside it are in epochs too. */
export interface EpochBudget {
  /** Epochs of the whole run: a whole number of steps. */
  readonly totalEpochs: number;
  /** Steps in one epoch: samples / batch size, rounded up. */
  readonly stepsPerEpoch: number;
  readonly totalSteps?: never;
}

/** Steps or epochs, never both. */
export type Budget = StepBudget | EpochBudget;

export interface BudgetInSteps {
  readonly totalSteps: number;
  /** Steps in one unit of the caller's: 1, or `stepsPerEpoch`. */
  readonly stepsPerUnit: number;
}

export function toSteps(where: string, budget: Budget): BudgetInSteps {
  const { totalSteps, totalEpochs, stepsPerEpoch } = budget;
  const inEpochs = totalEpochs ?? stepsPerEpoch;
  if (inEpochs === undefined) {
    return { totalSteps: checkCount(where, 'totalSteps', totalSteps), stepsPerUnit: 1 };
  }
  if ((totalSteps as unknown) !== undefined) {
    throw new RangeError(
      `${where}: totalSteps is mixed with totalEpochs or stepsPerEpoch. Give totalSteps alone, or the other two.`,
    );
  }
  const stepsPerUnit = checkCount(where, 'stepsPerEpoch', stepsPerEpoch);
  const product = checkPositive(where, 'totalEpochs', totalEpochs) * stepsPerUnit;
  // A third of an epoch of three steps is one step, whatever 1/3 rounds to.
  const steps = Math.round(product);
  const isWhole = Math.abs(product - steps) <= 1e-9 * product;
  checkCount(where, 'totalEpochs × stepsPerEpoch', isWhole ? steps : product);
  return { totalSteps: steps, stepsPerUnit };
}
