import { scoresOfKind } from '../abstain/scores.ts';
import { checkCount, checkPredictions, checkSomeRows } from '../check.ts';
import {
  checkConfidence,
  quantile,
  type Interval,
  type IntervalOptions,
} from '../evaluate/interval.ts';
import { checkOptions } from '../options.ts';
import type { AbstainScore, EnsemblePolicy } from '../policy.ts';
import { seededIntegers, type RandomInteger } from '../random.ts';
import type { Predictions } from '../shapes.ts';
import { unsureness } from './unsureness.ts';

/** How well one score tells unknown inputs from known ones. */
export interface UnknownInputsScore {
  readonly score: AbstainScore;
  /** Probability that the ensemble is less sure of an unknown input than of a known one, ties counting one half. */
  readonly auroc: Interval;
  /** Share of unknown inputs that are taken for known ones where 95 % of the known ones are. */
  readonly fprAt95: Interval;
}

/**
 * How well known inputs are told from unknown ones, by every score that the policy's kind has, the best AUROC first.
 * Both are rows that nothing was trained or fitted on. Intervals are percentiles of a bootstrap that draws each side
 * anew.
 */
export function unknownInputs(
  inside: Predictions,
  outside: Predictions,
  policy: EnsemblePolicy,
  options: IntervalOptions = {},
): readonly UnknownInputsScore[] {
  const where = 'unknownInputs';
  checkOptions(where, options, { resamples: true, confidence: true, seed: true });
  const { resamples = 999, confidence = 0.95, seed = 1 } = options;
  checkCount(where, 'resamples', resamples, 1, Number.MAX_SAFE_INTEGER);
  checkConfidence(where, confidence);
  for (const predictions of [inside, outside]) {
    checkPredictions(where, predictions);
    checkSomeRows(where, predictions.rows);
  }
  const all = scoresOfKind(policy.kind).map((score): UnknownInputsScore => {
    const groups = groupsOf(unsureness(policy, inside, score), unsureness(policy, outside, score));
    const draws = resampled(groups, resamples, seededIntegers(seed));
    const { auroc, fprAt95 } = separation(countsOf(groups));
    return {
      score,
      auroc: interval(
        auroc,
        draws.map((draw) => draw.auroc),
        confidence,
      ),
      fprAt95: interval(
        fprAt95,
        draws.map((draw) => draw.fprAt95),
        confidence,
      ),
    };
  });
  return all.sort((a, b) => b.auroc.estimate - a.auroc.estimate);
}

/** For each row the rank of its value among the distinct values of both sides. */
interface Groups {
  readonly inside: Uint32Array;
  readonly outside: Uint32Array;
  readonly count: number;
}

interface Counts {
  readonly inside: Float64Array;
  readonly outside: Float64Array;
}

function groupsOf(inside: Float64Array, outside: Float64Array): Groups {
  const distinct = [...new Set([...inside, ...outside])].sort((a, b) => a - b);
  const ranks = new Map(distinct.map((value, rank) => [value, rank]));
  const ranked = (values: Float64Array): Uint32Array =>
    Uint32Array.from(values, (value) => ranks.get(value)!);
  return { inside: ranked(inside), outside: ranked(outside), count: distinct.length };
}

function countsOf({ inside, outside, count }: Groups): Counts {
  const counts = { inside: new Float64Array(count), outside: new Float64Array(count) };
  for (const rank of inside) counts.inside[rank]!++;
  for (const rank of outside) counts.outside[rank]!++;
  return counts;
}

interface Separation {
  readonly auroc: number;
  readonly fprAt95: number;
}

/** Known inputs to be accepted, and room for the rounding of 0.95 n. */
const accepted = 0.95;
const rounding = 1e-9;

function separation({ inside, outside }: Counts): Separation {
  const [known, unknown] = [total(inside), total(outside)];
  const needed = Math.ceil(accepted * known - rounding);
  let below = 0;
  let taken = 0;
  let pairs = 0;
  let fprAt95 = -1;
  for (let rank = 0; rank < inside.length; rank++) {
    pairs += outside[rank]! * (below + inside[rank]! / 2);
    below += inside[rank]!;
    taken += outside[rank]!;
    if (fprAt95 < 0 && below >= needed) fprAt95 = taken / unknown;
  }
  return { auroc: pairs / (known * unknown), fprAt95 };
}

function resampled(groups: Groups, resamples: number, random: RandomInteger): Separation[] {
  return Array.from({ length: resamples }, () => {
    const draw = (ranks: Uint32Array): Uint32Array => ranks.map(() => ranks[random(ranks.length)]!);
    return separation(
      countsOf({ ...groups, inside: draw(groups.inside), outside: draw(groups.outside) }),
    );
  });
}

function interval(estimate: number, draws: readonly number[], confidence: number): Interval {
  const sorted = Float64Array.from(draws).sort();
  const tail = (1 - confidence) / 2;
  return { estimate, lower: quantile(sorted, tail), upper: quantile(sorted, 1 - tail) };
}

function total(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
