import {
  checkFunction,
  checkNotNegative,
  checkOneOf,
  checkPositive,
  refuse,
  refuseStep,
} from './check.ts';
import { between } from './between.ts';
import { cosine } from './curves.ts';
import type { Cycle, CyclePlan } from './plan.ts';
import type { Curve, Schedule } from './schedule.ts';
import { checkOptions } from './options.ts';

const where = 'anneal';

/** Settings of one cycle that replace the options. */
export interface CycleOverrides {
  readonly lrMax?: number;
  readonly lrMin?: number;
  readonly curve?: Curve;
  /** Steps at the start of the cycle in which the learning rate rises linearly; the curve has the rest. Default 0. */
  readonly warmupSteps?: number;
  /** Learning rate at the first warm-up step. Default 0. */
  readonly warmupFrom?: number;
}

export interface AnnealOptions {
  /** `lrMax` of the first cycle. */
  readonly lrInit: number;
  /** `lrMin` of the first cycle. Default 0. */
  readonly lrMin?: number;
  /** Ratio of successive `lrMax`. Default 1. */
  readonly lrMultiplier?: number;
  /**
   * Ratio of successive `lrMin`. Default 1: the floor stays. The Python `snapshot-ensemble` shrinks it with the peak;
   * give both the same number for that.
   */
  readonly lrMinMultiplier?: number;
  /** Shape of the fall. Default `cosine`. */
  readonly curve?: Curve;
  /**
   * Progress of step k of a cycle of n: `'open'` is k / n, as in Huang et al. 2017, and stays just above `lrMin`;
   * `'closed'` is k / (n − 1) and reaches it at the last step, which then hardly moves the weights. Default `'open'`.
   */
  readonly endpoint?: 'open' | 'closed';
  /** Settings of single cycles, called once per cycle. Default none. */
  readonly perCycle?: (cycle: Cycle) => CycleOverrides | undefined;
}

interface Segment {
  readonly start: number;
  /** Steps from `start` over which progress goes from 0 to 1. */
  readonly span: number;
  readonly lrMax: number;
  readonly lrMin: number;
  readonly curve: Curve;
  readonly warmupSteps: number;
  readonly warmupFrom: number;
}

/**
 * The schedule that falls from `lrMax` towards `lrMin` in every cycle of the plan and restarts at the next:
 * lrMin + (lrMax − lrMin) · curve(progress). Loshchilov & Hutter 2017, eq. 5; Huang et al. 2017, eq. 2.
 * Steps are integers in `[0, totalSteps)`; any other throws a RangeError.
 */
export function anneal(plan: CyclePlan, options: AnnealOptions): Schedule {
  checkOptions(where, options, {
    lrInit: true,
    lrMin: true,
    lrMultiplier: true,
    lrMinMultiplier: true,
    curve: true,
    endpoint: true,
    perCycle: true,
  });
  const segments = segmentsOf(plan, options);
  const starts = Float64Array.from(plan.cycles, ({ start }) => start);
  const { totalSteps } = plan;
  return (step) => {
    if (!(step >= 0 && step < totalSteps && Number.isInteger(step))) {
      refuseStep(where, step, totalSteps);
    }
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= step) low = middle;
      else high = middle - 1;
    }
    return valueIn(segments[low]!, step);
  };
}

function valueIn(segment: Segment, step: number): number {
  const { lrMax, lrMin, warmupFrom, warmupSteps } = segment;
  const k = step - segment.start;
  if (k < warmupSteps) return warmupFrom + (lrMax - warmupFrom) * (k / warmupSteps);
  const height = segment.curve((k - warmupSteps) / segment.span);
  if (!(height >= 0)) refuse(where, `curve at step ${step}`, height, 'in [0, 1]');
  return between(lrMin, lrMax, height);
}

function segmentsOf({ cycles, totalSteps }: CyclePlan, options: AnnealOptions): Segment[] {
  const { curve = cosine, endpoint = 'open', lrMultiplier = 1, lrMinMultiplier = 1 } = options;
  let lrMax = checkPositive(where, 'lrInit', options.lrInit);
  let lrMin = options.lrMin ?? 0;
  checkPositive(where, 'lrMultiplier', lrMultiplier);
  checkPositive(where, 'lrMinMultiplier', lrMinMultiplier);
  checkOneOf(where, 'endpoint', endpoint, ['open', 'closed']);
  let end = 0;
  const segments = cycles.map((cycle) => {
    if (cycle.start !== end || !(cycle.end > end))
      refuseGap(`start of cycle ${cycle.index}`, cycle.start, end);
    end = cycle.end;
    const settings = { lrMax, lrMin, curve, ...options.perCycle?.(cycle) };
    lrMax *= lrMultiplier;
    lrMin *= lrMinMultiplier;
    return segmentOf(cycle, settings, endpoint);
  });
  if (end !== totalSteps) refuseGap('totalSteps of the plan', totalSteps, end);
  return segments;
}

function refuseGap(what: string, found: number, end: number): never {
  return refuse(where, what, found, `${end}: cycles tile the plan`);
}

function segmentOf(
  { index, start, end }: Cycle,
  settings: CycleOverrides & Pick<Segment, 'lrMax' | 'lrMin' | 'curve'>,
  endpoint: 'open' | 'closed',
): Segment {
  const { curve, lrMax, lrMin, warmupSteps = 0, warmupFrom = 0 } = settings;
  const inCycle = (option: string): string => `${option} of cycle ${index}`;
  checkPositive(where, inCycle('lrMax'), lrMax);
  checkNotNegative(where, inCycle('lrMin'), lrMin);
  if (lrMin > lrMax) {
    const remedy = index > 0 ? 'raise lrMultiplier' : 'raise lrInit';
    refuse(where, inCycle('lrMin'), lrMin, `at most its lrMax, ${lrMax}: lower it, or ${remedy}`);
  }
  const length = end - start - warmupSteps;
  if (!(warmupSteps >= 0 && length >= 1 && Number.isInteger(length))) {
    refuse(where, inCycle('warmupSteps'), warmupSteps, `an integer in [0, ${end - start})`);
  }
  checkNotNegative(where, inCycle('warmupFrom'), warmupFrom);
  checkFunction(where, inCycle('curve'), curve);
  // A closed cycle of one step has no last step to fall to: it stays at its peak.
  const span = Math.max(1, endpoint === 'closed' ? length - 1 : length);
  return { start, span, lrMax, lrMin, curve, warmupSteps, warmupFrom };
}
