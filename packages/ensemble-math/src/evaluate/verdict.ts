import { checkOptions } from '../options.ts';
import { rowLosses, type Metric, type PooledKind } from '../metrics/losses.ts';
import type { Outputs } from '../shapes.ts';
import { checkConfidence, meanInterval, type Interval, type IntervalOptions } from './interval.ts';
import { pairedErrors } from './paired-errors.ts';
import { verdictText } from './verdict-text.ts';
import type { Outcome, Measure, Comparison, Verdict } from './comparison.ts';

export interface VerdictOptions extends IntervalOptions {
  /** What the outputs are. */
  readonly kind: PooledKind;
  /** How much better counts as better, in units of the measure. Default 0 for each. */
  readonly minGain?: Partial<Readonly<Record<Measure, number>>>;
}

/** What is compared: outputs as trained, and, where there are held-out rows to fit them on, after a temperature. */
export interface Judged {
  readonly raw: Outputs;
  readonly calibrated?: Outputs;
}

/** What an ensemble is compared with. */
export interface Contestant extends Judged {
  /** A noun that goes after "against": 'its best member'. */
  readonly against: string;
}

/** With fewer rows the interval of a mean is not trusted. */
const leastRows = 50;

/**
 * Compares the ensemble with each contestant on the same rows, on none of which anything was trained or fitted. Better
 * (worse) means that the whole interval of the gain lies above `minGain` (below 0) and, for errors, that an exact test
 * agrees. Calibrated likelihoods are compared with calibrated ones only. `labels` are as `kind` defines them. Throws
 * without contestants: an ensemble is judged against something.
 */
export function judgeEnsemble(
  ensemble: Judged,
  contestants: readonly Contestant[],
  labels: ArrayLike<number>,
  options: VerdictOptions,
): Verdict {
  const where = 'judgeEnsemble';
  checkOptions(where, options, {
    kind: true,
    minGain: true,
    resamples: true,
    confidence: true,
    seed: true,
  });
  checkOptions(`${where}: minGain`, options.minGain, {
    ...{ error: true, nllRaw: true, nllCalibrated: true, mse: true },
  });
  if (contestants.length === 0) {
    throw new RangeError(
      `${where}: there are no contestants. Give at least one: the best member, a single model of the same budget.`,
    );
  }
  const { confidence = 0.95 } = options;
  checkConfidence(where, confidence);
  const verdicts = contestants.map(({ against, ...contestant }) => ({
    against,
    comparisons: measuresOf(options.kind, ensemble, contestant).map((measure) =>
      compare(measure, ensemble, contestant, labels, options),
    ),
  }));
  const { rows } = ensemble.raw;
  const text = verdictText({ rows, confidence, contestants: verdicts });
  return { rows, confidence, contestants: verdicts, text };
}

function measuresOf(kind: PooledKind, ensemble: Judged, contestant: Judged): readonly Measure[] {
  if (kind === 'regression') return ['mse'];
  const isCalibrated = ensemble.calibrated !== undefined && contestant.calibrated !== undefined;
  return isCalibrated ? ['error', 'nllRaw', 'nllCalibrated'] : ['error', 'nllRaw'];
}

const metrics: Record<Measure, Metric> = {
  error: 'error',
  nllRaw: 'nll',
  nllCalibrated: 'nll',
  mse: 'mse',
};

function compare(
  measure: Measure,
  ensemble: Judged,
  contestant: Judged,
  labels: ArrayLike<number>,
  { kind, minGain: minGains, ...interval }: VerdictOptions,
): Comparison {
  const minGain = minGains?.[measure] ?? 0;
  const lossesOf = ({ raw, calibrated }: Judged): Float64Array =>
    rowLosses(metrics[measure], measure === 'nllCalibrated' ? calibrated! : raw, labels, { kind });
  const own = lossesOf(ensemble);
  const gains = lossesOf(contestant).map((loss, row) => unlessRounding(loss - own[row]!, loss));
  // A multi-label row may have some labels wrong: its gain is a share.
  if (measure === 'error' && gains.every(Number.isInteger)) {
    return compareErrors(gains, minGain, interval.confidence ?? 0.95);
  }
  const gain = meanInterval(gains, interval);
  return {
    measure,
    gain,
    outcome: gains.length < leastRows ? 'tooFewRows' : outcomeOf(gain, minGain),
  };
}

/** What sums in another order leave of equal losses is no gain, however regular. */
function unlessRounding(gain: number, loss: number): number {
  return Math.abs(gain) <= 1e-12 * Math.max(1, Math.abs(loss)) ? 0 : gain;
}

function compareErrors(gains: Float64Array, minGain: number, confidence: number): Comparison {
  const { wins, losses, gain, pValue } = pairedErrors(gains, confidence);
  // Were every row a win, would that be enough?
  const canTell = 2 * 0.5 ** gains.length < 1 - confidence;
  const isUneven = pValue < 1 - confidence;
  const outcome = isUneven ? outcomeOf(gain, minGain) : 'noClearDifference';
  return { measure: 'error', gain, outcome: canTell ? outcome : 'tooFewRows', wins, losses };
}

function outcomeOf({ lower, upper }: Interval, minGain: number): Outcome {
  if (lower > minGain) return 'better';
  return upper < 0 ? 'worse' : 'noClearDifference';
}
