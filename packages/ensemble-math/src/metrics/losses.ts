import type { OutputKind } from '../kinds.ts';
import { checkOptions } from '../options.ts';
import type { Outputs } from '../shapes.ts';
import { brierLosses, errorLosses, mean, nllLosses } from './classification.ts';
import { absoluteLosses, squaredLosses } from './regression.ts';

/** A loss that is a mean over rows; lower is better. The first three are for probabilities, the others for regression. */
export type Metric = 'error' | 'nll' | 'brier' | 'mse' | 'mae';

/** Kinds that outputs have once they are combined: logits have become probabilities. */
export type PooledKind = Exclude<OutputKind, 'logits'>;

/** What the combined outputs of a kind are. */
export function pooledKind(kind: OutputKind): PooledKind {
  return kind === 'logits' ? 'probabilities' : kind;
}

/** The loss of each row: `[rows]`. `labels` are as `kind` defines them, in regression the targets `[rows, outputs]`. */
export function rowLosses(
  metric: Metric,
  outputs: Outputs,
  labels: ArrayLike<number>,
  options: { readonly kind: PooledKind },
): Float64Array {
  checkOptions('rowLosses', options, { kind: true });
  const { kind } = options;
  if (kind === 'regression') {
    if (metric === 'mse') return squaredLosses(outputs, labels);
    if (metric === 'mae') return absoluteLosses(outputs, labels);
  } else {
    if (metric === 'error') return errorLosses(outputs, labels, { kind });
    if (metric === 'nll') return nllLosses(outputs, labels, { kind });
    if (metric === 'brier') return brierLosses(outputs, labels, { kind });
  }
  throw new RangeError(
    `rowLosses: metric '${metric}' is not for kind '${kind}'; ${kind === 'regression' ? "'mse' and 'mae' are" : "'error', 'nll' and 'brier' are"}.`,
  );
}

/** The mean of `rowLosses`. */
export function loss(
  metric: Metric,
  outputs: Outputs,
  labels: ArrayLike<number>,
  kind: PooledKind,
): number {
  return mean(rowLosses(metric, outputs, labels, { kind }));
}
