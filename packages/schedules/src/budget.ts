import { checkCount, checkPositive, refuse } from './check.ts';

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
  readonly unit: 'steps' | 'epochs';
  /** The option that gave the budget, for error messages. */
  readonly option: 'totalSteps' | 'totalEpochs';
}

export function toSteps(where: string, budget: Budget): BudgetInSteps {
  const { totalSteps, totalEpochs, stepsPerEpoch } = budget;
  const inEpochs = totalEpochs ?? stepsPerEpoch;
  if (totalSteps !== undefined && inEpochs !== undefined) {
    throw new RangeError(
      `${where}: totalSteps is mixed with totalEpochs or stepsPerEpoch. Give totalSteps alone, or totalEpochs with stepsPerEpoch.`,
    );
  }
  if (inEpochs === undefined) {
    const steps = checkCount(where, 'totalSteps', totalSteps);
    return { totalSteps: steps, stepsPerUnit: 1, unit: 'steps', option: 'totalSteps' };
  }
  const stepsPerUnit = checkCount(where, 'stepsPerEpoch', stepsPerEpoch);
  const product = checkPositive(where, 'totalEpochs', totalEpochs) * stepsPerUnit;
  // A third of an epoch of three steps is one step, whatever 1/3 rounds to.
  const steps = Math.round(product);
  if (Math.abs(product - steps) > 1e-9 * product) {
    refuse(where, 'totalEpochs × stepsPerEpoch', product, 'a whole number of steps');
  }
  checkCount(where, 'totalEpochs × stepsPerEpoch', steps);
  return { totalSteps: steps, stepsPerUnit, unit: 'epochs', option: 'totalEpochs' };
}
