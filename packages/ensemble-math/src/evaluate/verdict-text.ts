import type { Comparison, ContestantVerdict, Measure, Outcome, Verdict } from './comparison.ts';

const measures: Record<Measure, string> = {
  error: 'error',
  nllRaw: 'NLL as trained',
  nllCalibrated: 'NLL after calibration',
  mse: 'squared error',
};

const outcomes: Record<Outcome, string> = {
  better: 'better',
  noClearDifference: 'no clear difference',
  worse: 'worse',
  tooFewRows: 'too few rows to tell',
};

/** Below this many rows heavy tails are covered less often than the interval says: see the README. */
const enoughRows = 500;

/** A verdict in words: one sentence for each contestant and measure. */
export function verdictText({ rows, confidence, contestants }: Omit<Verdict, 'text'>): string {
  const lines = contestants.map((contestant) => contestantText(contestant, confidence));
  const isShort =
    rows < enoughRows && contestants.some(({ comparisons }) => comparisons.some(isMean));
  const caution = isShort
    ? ` With ${rows} rows, intervals of means cover a little less than they say where losses have heavy tails.`
    : '';
  return `On ${rows} ${rows === 1 ? 'row' : 'rows'}. ${lines.join(' ')}${caution}`;
}

/** Not from exact counts. */
function isMean({ wins }: Comparison): boolean {
  return wins === undefined;
}

function contestantText({ against, comparisons }: ContestantVerdict, confidence: number): string {
  const percent = `${Number((100 * confidence).toPrecision(4))} % interval`;
  const facts = comparisons.map(({ measure, gain, outcome, wins, losses }) => {
    const counts =
      wins === undefined ? '' : `, ${wins} ${wins === 1 ? 'row' : 'rows'} won and ${losses} lost`;
    const range = `${percent} ${signed(gain.lower)} to ${signed(gain.upper)}`;
    return `${measures[measure]} ${signed(gain.estimate)} (${range}${counts}): ${outcomes[outcome]}`;
  });
  return `Against ${against}: ${facts.join('; ')}.`;
}

/** A gain, said as what the loss does. */
function signed(gain: number): string {
  const size = String(Number(Math.abs(gain).toPrecision(3)));
  if (gain === 0) return 'equal';
  return `${size} ${gain > 0 ? 'lower' : 'higher'}`;
}
