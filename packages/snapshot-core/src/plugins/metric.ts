import type { Metrics } from '../protocol.ts';

/** Which values of a metric are good ones. */
export type MetricMode = 'min' | 'max';

/** A metric to judge by. */
export interface JudgedMetric {
  /** As the framework names it, e.g. `val_loss`. */
  readonly metric: string;
  /**
   * Which values are good ones. Default: what a word of the name says, `'min'` for losses and errors, `'max'` for
   * accuracies, AUC, F1, precision, recall, R² and the like. A name without such a word needs it.
   */
  readonly mode?: MetricMode;
}

const modeOfWord: Readonly<Record<MetricMode, ReadonlySet<string>>> = {
  min: new Set(
    (
      'loss error err rmse mse mae mape msle nll crossentropy perplexity brier ece hinge kld divergence deviance ' +
      'proximity wer cer fid negative neg'
    ).split(' '),
  ),
  max: new Set(
    (
      'acc accuracy auc auroc auprc f1 fbeta fscore precision recall sensitivity specificity r2 iou dice jaccard map ap ' +
      'kappa mcc ndcg mrr bleu rouge psnr ssim similarity likelihood'
    ).split(' '),
  ),
};

/** Which values of a metric are good ones. Throws a `RangeError` if neither `mode` nor the name says so. */
export function modeOf({ metric, mode }: JudgedMetric, where: string): MetricMode {
  if (mode !== undefined) return checked(mode, where);
  const words = wordsOf(metric);
  const says = (candidate: MetricMode): boolean =>
    words.some((word) => modeOfWord[candidate].has(word));
  if (says('min') !== says('max')) return says('min') ? 'min' : 'max';
  throw new RangeError(
    `${where}: the name "${metric}" does not say whether higher or lower is better. Pass mode: 'max' or 'min'.`,
  );
}

/** Not all who call have types. */
function checked(mode: string, where: string): MetricMode {
  if (mode === 'min' || mode === 'max') return mode;
  throw new RangeError(`${where}: mode is ${JSON.stringify(mode)}; expected "min" or "max".`);
}

/** Words of a name in camelCase or with separators, and each pair of neighbours as one: `cross_entropy`, `meanIoU`. */
function wordsOf(name: string): readonly string[] {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
  return [...words, ...words.slice(1).map((word, index) => words[index]! + word)];
}

/** Whether `value` is strictly better than `other`. NaN is worse than any number. */
export function isBetter(value: number, other: number, mode: MetricMode): boolean {
  if (Number.isNaN(value) || Number.isNaN(other))
    return Number.isNaN(other) && !Number.isNaN(value);
  return mode === 'min' ? value < other : value > other;
}

/** A metric by name. `subject` begins the error for one that is missing, `advice` ends it. */
export function metricOf(metrics: Metrics, name: string, subject: string, advice = ''): number {
  const value = metrics[name];
  if (value !== undefined) return value;
  const known = Object.keys(metrics).join(', ') || 'none';
  throw new RangeError(`${subject} has no metric "${name}". It has: ${known}.${advice}`);
}
