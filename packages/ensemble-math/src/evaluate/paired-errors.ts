import type { Interval } from './interval.ts';
import { normalQuantile } from './normal.ts';
import { signTest } from './student.ts';

/** What pairs of right and wrong answers on the same rows say. */
export interface PairedErrors {
  /** Rows that only the ensemble gets right. */
  readonly wins: number;
  /** Rows that only the contestant gets right. */
  readonly losses: number;
  /** Difference of the error rates: `(wins − losses) / rows`. Its interval is the score interval of Tango 1998, eq. 12. */
  readonly gain: Interval;
  /** Exact, two-sided: how likely so uneven wins and losses are where both err equally often. McNemar 1947. */
  readonly pValue: number;
}

/** Of `gains` that are −1, 0 or 1: `[rows]`. */
export function pairedErrors(gains: Float64Array, confidence: number): PairedErrors {
  let wins = 0;
  let losses = 0;
  for (const gain of gains) {
    if (gain > 0) wins++;
    if (gain < 0) losses++;
  }
  const rows = gains.length;
  const z = normalQuantile(1 - (1 - confidence) / 2);
  return {
    wins,
    losses,
    gain: {
      estimate: (wins - losses) / rows,
      lower: scoreBound({ wins, losses, rows }, z),
      upper: -scoreBound({ wins: losses, losses: wins, rows }, z) + 0,
    },
    pValue: signTest(wins, losses),
  };
}

interface Counts {
  readonly wins: number;
  readonly losses: number;
  readonly rows: number;
}

/** The lower bound: the difference at which the score statistic is z. The statistic falls as the difference grows. */
function scoreBound(counts: Counts, z: number): number {
  let low = -1;
  let high = (counts.wins - counts.losses) / counts.rows;
  for (let step = 0; step < 100; step++) {
    const middle = (low + high) / 2;
    if (scoreAt(counts, middle) > z) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** (wins − losses − n δ) / √(n (2 q + δ (1 − δ))), q the likeliest share of losses at the difference δ. */
function scoreAt({ wins, losses, rows }: Counts, difference: number): number {
  const b = -wins - losses + (2 * rows - wins + losses) * difference;
  const c = -losses * difference * (1 - difference);
  const share = (Math.sqrt(Math.max(0, b * b - 8 * rows * c)) - b) / (4 * rows);
  const variance = rows * (2 * share + difference * (1 - difference));
  const distance = wins - losses - rows * difference;
  if (!(variance > 0)) return distance > 0 ? Infinity : 0;
  return distance / Math.sqrt(variance);
}
