import { checkPredictions, checkSomeRows } from '../check.ts';
import { loss, pooledKind } from '../metrics/losses.ts';
import type { CascadePolicy } from '../policy.ts';
import { argmin } from '../selection/simple.ts';
import type { Labels, Predictions } from '../shapes.ts';
import { checkOptions } from '../options.ts';
import { checkCascadeKind, combineStage, type CascadeOptions } from './run.ts';
import { cheapestShown, type ShownLoss } from './shown.ts';
import { pointOf, stagesOf, type CascadePoint, type Stage } from './stages.ts';
import { costCurve } from './thresholds.ts';

/**
 * What to keep while the cost is lowered: an accuracy, or a number of members per row, both as measured on the rows of the
 * fit, which are a little kinder than others; or a loss of accuracy against the whole ensemble, shown to hold on others.
 */
export type CascadeTarget = { readonly accuracy: number } | ShownLoss | { readonly cost: number };

export interface FitCascadeOptions extends CascadeOptions {
  readonly target: CascadeTarget;
  /** Positions of the members, first to run first. Default `cascadeOrder`. */
  readonly order?: readonly number[];
}

export interface FittedCascade {
  readonly cascade: CascadePolicy;
  /** Accuracy and cost of the cascade on the rows it was fitted on. */
  readonly point: CascadePoint;
  /** All of them together, no row leaving early. */
  readonly whole: CascadePoint;
  /** The accuracy-cost curve of thresholds fitted stage by stage, cheapest first; a target of accuracy or cost is met on it. */
  readonly curve: readonly CascadePoint[];
}

/** Order and thresholds that meet the target; the rows must be held out from training. */
export function fitCascade(
  predictions: Predictions,
  labels: Labels,
  options: FitCascadeOptions,
): FittedCascade {
  checkPredictions('fitCascade', predictions);
  checkSomeRows('fitCascade', predictions.rows);
  checkCascadeKind('fitCascade', options.kind, predictions.classes);
  const order = options.order ?? cascadeOrder(predictions, labels, options);
  const stages = stagesOf(predictions, labels, order, options);
  const curve = costCurve(stages);
  // A threshold that no confidence reaches: rows that are sure to the last bit do not leave early either.
  const whole = pointOf(
    stages,
    order.slice(1).map(() => Infinity),
  );
  const point = choose(stages, curve, options.target);
  return {
    cascade: { order, thresholds: point.thresholds },
    point,
    whole: { ...whole, thresholds: order.slice(1).map(() => 1) },
    curve,
  };
}

/** Members by what they add: first the one with the least NLL, then each time the one that lowers it most. */
export function cascadeOrder(
  predictions: Predictions,
  labels: Labels,
  options: CascadeOptions,
): readonly number[] {
  const left = predictions.members.map((_, member) => member);
  const order: number[] = [];
  while (left.length > 0) {
    const losses = left.map((member) => {
      const pooled = combineStage(predictions, [...order, member], order.length, options);
      return loss('nll', pooled, labels, pooledKind(options.kind));
    });
    order.push(...left.splice(argmin(losses), 1));
  }
  return order;
}

function choose(
  stages: readonly Stage[],
  curve: readonly CascadePoint[],
  target: CascadeTarget,
): CascadePoint {
  checkTarget(target);
  if ('accuracyLoss' in target) return cheapestShown(stages, target);
  if ('cost' in target) {
    const affordable = curve.filter(({ cost }) => cost <= target.cost);
    if (affordable.length > 0) return affordable.at(-1)!;
    throw new RangeError(
      `fitCascade: target cost is ${target.cost} members per row; the minimum is ${curve[0]!.cost}.`,
    );
  }
  const wanted = target.accuracy;
  const cheapest = curve.find(({ accuracy }) => accuracy >= wanted);
  if (cheapest !== undefined) return cheapest;
  throw new RangeError(
    `fitCascade: target accuracy is ${wanted}; on these rows the cascade reaches at most ${curve.at(-1)!.accuracy}.`,
  );
}

/** What another target means would otherwise be ignored in silence. */
function checkTarget(target: CascadeTarget): void {
  checkOptions('fitCascade, target', target, {
    accuracy: true,
    accuracyLoss: true,
    confidence: true,
    cost: true,
  });
  const keys = Object.keys(target);
  const goals = ['accuracy', 'accuracyLoss', 'cost'].filter((goal) => keys.includes(goal));
  if (goals.length !== 1)
    throw new RangeError(
      `fitCascade: target has ${goals.join(' and ') || 'no goal'}. Give one of accuracy, accuracyLoss and cost.`,
    );
  if (keys.includes('confidence') && goals[0] !== 'accuracyLoss')
    throw new RangeError(
      `fitCascade: target has confidence, which belongs to accuracyLoss, and ${goals[0]!}. Leave confidence out.`,
    );
}
