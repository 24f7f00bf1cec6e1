import {
  anneal,
  cosine,
  equalCycles,
  growingCycles,
  linear,
  type Budget,
  type CyclePlan,
  type Schedule,
} from '@snapshot-ensemble/schedules';
import { UsageError } from './run-main.ts';

/** Options of the command line that make a plan and a schedule, as commander reads them. */
export interface ScheduleFlags {
  readonly totalSteps?: number;
  readonly totalEpochs?: number;
  readonly stepsPerEpoch?: number;
  readonly cycles?: number;
  readonly cycleLength?: number;
  readonly cycleLengthMultiplier?: number;
  readonly onRemainder?: 'fit' | 'refuse';
  readonly lrInit: number;
  readonly lrMin: number;
  readonly lrMultiplier: number;
  readonly curve: 'cosine' | 'linear';
}

export interface PlannedRun {
  readonly plan: CyclePlan;
  readonly schedule: Schedule;
}

/** Default of `--cycles`: four to eight work well in Huang et al. 2017. */
const defaultCycles = 5;
/** Default of `--cycle-length-multiplier`, as in the Python package. */
const defaultMultiplier = 1.5;

/** Throws `UsageError`, which calls the options by their names on the command line. */
export function runFrom(flags: ScheduleFlags): PlannedRun {
  try {
    const plan = planFrom(flags);
    return { plan, schedule: scheduleFrom(plan, flags) };
  } catch (error) {
    if (error instanceof RangeError) throw inFlags(error);
    throw error;
  }
}

function planFrom(flags: ScheduleFlags): CyclePlan {
  const { cycles, cycleLength, cycleLengthMultiplier = defaultMultiplier, onRemainder } = flags;
  const budget = budgetFrom(flags);
  if (cycleLength === undefined) {
    if (flags.cycleLengthMultiplier !== undefined || onRemainder !== undefined)
      throw new UsageError(
        'plot: --cycle-length-multiplier and --on-remainder are for cycles that grow. Give --cycle-length as well, or leave them out.',
      );
    return equalCycles({ ...budget, cycles: cycles ?? defaultCycles });
  }
  if (cycles !== undefined)
    throw new UsageError(
      `plot: --cycles ${cycles} asks for cycles of equal length and --cycle-length ${cycleLength} for cycles that grow. Give only one of them.`,
    );
  return growingCycles({
    ...budget,
    cycleLength,
    cycleLengthMultiplier,
    ...(onRemainder !== undefined && { onRemainder }),
  });
}

function scheduleFrom(plan: CyclePlan, flags: ScheduleFlags): Schedule {
  const { lrInit, lrMin, lrMultiplier } = flags;
  return anneal(plan, { lrInit, lrMin, lrMultiplier, curve: { cosine, linear }[flags.curve] });
}

function budgetFrom({ totalSteps, totalEpochs, stepsPerEpoch }: ScheduleFlags): Budget {
  const inEpochs = totalEpochs !== undefined || stepsPerEpoch !== undefined;
  if (totalSteps !== undefined && !inEpochs) return { totalSteps };
  if (totalSteps === undefined && totalEpochs !== undefined && stepsPerEpoch !== undefined)
    return { totalEpochs, stepsPerEpoch };
  const came = Object.entries({ totalSteps, totalEpochs, stepsPerEpoch })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => flagOf(name));
  throw new UsageError(
    `plot: ${came.length === 0 ? 'no budget is given' : `the budget is ${came.join(' and ')}`}. Give --total-steps alone, or --total-epochs with --steps-per-epoch.`,
  );
}

const options = [
  'totalSteps',
  'totalEpochs',
  'stepsPerEpoch',
  'cycleLength',
  'cycleLengthMultiplier',
  'onRemainder',
  'lrInit',
  'lrMin',
  'lrMultiplier',
];

/** The message of a function of schedules, in the words of the command line. */
function inFlags(error: RangeError): UsageError {
  const named = new RegExp(`\\b(${options.join('|')})\\b(: '(\\w+)')?`, 'g');
  const message = error.message
    .replace(/^\w+: /, 'plot: ')
    .replace(named, (_, name: string, _value, value?: string) =>
      value === undefined ? flagOf(name) : `${flagOf(name)} ${value}`,
    );
  return new UsageError(message, { cause: error });
}

function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
