import { checkPredictions, checkSomeRows } from '../check.ts';
import { checkRule, combine } from '../combine/combine.ts';
import {
  checkKind,
  checkKindLabels,
  checkValues,
  membersAsClasses,
  type OutputKind,
} from '../kinds.ts';
import { loss, type Metric } from '../metrics/losses.ts';
import { defaultRule, type CombineRule } from '../policy.ts';
import { memberOutputs, pickMembers, type Predictions } from '../shapes.ts';
import { softmaxMembers } from '../softmax.ts';

export interface SelectionOptions {
  /** What the members' values are. */
  readonly kind: OutputKind;
  /** The rule under which the chosen members will be combined. Default `'meanProbabilities'`, in regression `'mean'`. */
  readonly combine?: CombineRule;
  /** What the selection lowers. Default `'nll'`, in regression `'mse'`. */
  readonly metric?: Metric;
}

/** Which members to choose, all of it checked: their values are probabilities of classes, or regression values. */
export interface SelectionProblem {
  readonly predictions: Predictions;
  readonly labels: ArrayLike<number>;
  readonly kind: 'probabilities' | 'regression';
  readonly rule: CombineRule;
  readonly metric: Metric;
  /** Loss of the members at these positions under the rule; equally weighted where no weights are given. */
  readonly lossOf: (positions: readonly number[], weights?: readonly number[]) => number;
}

/**
 * Logits become probabilities, binary and multi-label values become classes 0 and 1: every rule gives the same.
 */
export function selectionProblem(
  where: string,
  predictions: Predictions,
  labels: ArrayLike<number>,
  options: SelectionOptions,
): SelectionProblem {
  checkPredictions(where, predictions);
  checkSomeRows(where, predictions.rows);
  const { kind } = options;
  checkKind(where, kind, predictions.classes);
  predictions.members.forEach((_, m) => {
    checkValues(`${where}: member ${m}`, kind, memberOutputs(predictions, m));
  });
  checkKindLabels(where, kind, labels, predictions);
  const rule = options.combine ?? defaultRule(kind);
  checkRule(where, kind, rule);
  const inner = kind === 'regression' ? kind : 'probabilities';
  const metric = options.metric ?? (kind === 'regression' ? 'mse' : 'nll');
  const members =
    kind === 'logits' ? softmaxMembers(predictions) : membersAsClasses(kind, predictions);
  const lossOf = (positions: readonly number[], weights?: readonly number[]): number => {
    const chosen = pickMembers(members, positions);
    const pooled = combine(chosen, rule, { kind: inner, ...(weights && { weights }) });
    return loss(metric, pooled, labels, inner);
  };
  return { predictions: members, labels, kind: inner, rule, metric, lossOf };
}
