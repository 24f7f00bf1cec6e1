import { rowLosses, type Metric, type PooledKind } from '../metrics/losses.ts';
import type { Outputs } from '../shapes.ts';
import { bootstrapMean, type BootstrapOptions, type Interval } from './bootstrap.ts';

/** What the ensemble gains against one contestant on the rows reported on. */
export interface Comparison {
  readonly against: 'bestMember' | 'rival';
  /** Loss of the contestant − loss of the ensemble, paired by rows; above 0 the ensemble is better. */
  readonly gain: Interval;
  readonly better: boolean;
}

export interface Verdict {
  /** Whether the ensemble is better, by more than `minGain`, than every contestant. */
  readonly worthIt: boolean;
  readonly metric: Metric;
  readonly comparisons: readonly Comparison[];
  /** The same in words. */
  readonly text: string;
}

export interface VerdictOptions extends BootstrapOptions {
  /** What the outputs are. */
  readonly kind: PooledKind;
  /** What is compared. Default `'error'`, in regression `'mse'`. */
  readonly metric?: Metric;
  /** Gain below which an ensemble is not worth its cost, in units of the metric. Default 0. */
  readonly minGain?: number;
}

/** Whom an ensemble is compared with. */
export interface Contestant {
  readonly against: Comparison['against'];
  readonly outputs: Outputs;
}

/**
 * Compares the ensemble's outputs with those of each contestant on the same rows, none of which anything was trained
 * or fitted on. Better means that the whole confidence interval of the gain lies above `minGain`. `labels` are class
 * indices, in regression the targets `[rows, outputs]`.
 */
export function judgeEnsemble(
  ensemble: Outputs,
  contestants: readonly Contestant[],
  labels: ArrayLike<number>,
  {
    kind,
    metric = kind === 'regression' ? 'mse' : 'error',
    minGain = 0,
    ...bootstrap
  }: VerdictOptions,
): Verdict {
  const own = rowLosses(metric, ensemble, labels, { kind });
  const comparisons = contestants.map(({ against, outputs }): Comparison => {
    const gains = rowLosses(metric, outputs, labels, { kind }).map((loss, row) => loss - own[row]!);
    const gain = bootstrapMean(gains, bootstrap);
    return { against, gain, better: gain.lower > minGain };
  });
  const worthIt = comparisons.every(({ better }) => better);
  const text = describe({ worthIt, metric, comparisons }, minGain, bootstrap.confidence ?? 0.95);
  return { worthIt, metric, comparisons, text };
}

const contestantNames: Record<Comparison['against'], string> = {
  bestMember: 'its best member',
  rival: 'the rival of equal budget',
};

function describe(
  { worthIt, metric, comparisons }: Omit<Verdict, 'text'>,
  minGain: number,
  confidence: number,
): string {
  const facts = comparisons.map(({ against, gain, better }) => {
    const range = `${show(gain.lower)} to ${show(gain.upper)}`;
    return `${contestantNames[against]}: a gain in ${metric} of ${show(gain.estimate)} (${confidence * 100} % interval ${range}), ${better ? 'better' : verdictOnNot(gain, minGain)}`;
  });
  const unasked = comparisons.some(({ against }) => against === 'rival')
    ? ''
    : ' No rival of equal budget was given: whether one longer run would do as well is not known.';
  return `${worthIt ? 'Worth it' : 'Not worth it'}. Against ${facts.join('; against ')}.${unasked}`;
}

function verdictOnNot({ upper, lower }: Interval, minGain: number): string {
  if (upper < 0) return 'worse';
  if (upper <= minGain) return 'no gain that matters';
  return lower < 0 ? 'not shown to be better' : 'not shown to gain enough';
}

function show(value: number): string {
  return String(Number(value.toPrecision(3)));
}
