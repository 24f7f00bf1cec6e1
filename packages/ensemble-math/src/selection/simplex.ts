import { solveOnSimplex } from './simplex-qp.ts';

/** A convex function of the weights, with its derivatives; `hessian` is `[members, members]`, row-major. */
export interface Derivatives {
  readonly value: number;
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
}

export interface SimplexMinimum {
  readonly weights: Float64Array;
  readonly value: number;
  /** No weights are better than `value − gap`: the duality gap of Frank and Wolfe 1956. */
  readonly gap: number;
}

const maxSteps = 100;
/** Relative to 1 + |value|: near what float64 sums can tell. */
const gapTolerance = 1e-14;

/**
 * The least value of a convex function over weights ≥ 0 that sum to 1: Newton steps, each the minimum of the
 * quadratic model over the simplex, shortened until the value falls. The start does not matter: all are equal.
 */
export function minimiseOnSimplex(
  members: number,
  evaluate: (weights: Float64Array) => Derivatives,
): SimplexMinimum {
  let weights = new Float64Array(members).fill(1 / members);
  let at = evaluate(weights);
  for (let step = 0; step < maxSteps; step++) {
    if (gapOf(weights, at.gradient) <= gapTolerance * (1 + Math.abs(at.value))) break;
    const target = solveOnSimplex(at.hessian, linearPart(at, weights), weights);
    const next =
      lineSearch(weights, target, at, evaluate) ?? lastStep(weights, target, at, evaluate);
    if (next === undefined) break;
    [weights, at] = next;
  }
  return { weights, value: at.value, gap: gapOf(weights, at.gradient) };
}

/** max over the simplex of −∇f · (v − w). */
function gapOf(weights: Float64Array, gradient: Float64Array): number {
  let least = Infinity;
  let along = 0;
  gradient.forEach((slope, m) => {
    least = Math.min(least, slope);
    along += slope * weights[m]!;
  });
  return Math.max(0, along - least);
}

/** c of the model ½ vᵀHv + cᵀv that has the gradient at hand at v = w: c = g − Hw. */
function linearPart({ gradient, hessian }: Derivatives, weights: Float64Array): Float64Array {
  const members = weights.length;
  return gradient.map((slope, m) => {
    let value = slope;
    for (let k = 0; k < members; k++) value -= hessian[m * members + k]! * weights[k]!;
    return value;
  });
}

type Candidate = [weights: Float64Array<ArrayBuffer>, at: Derivatives];

/** Close to the end a step changes the value by less than its rounding; the gap still tells better from worse. */
function lastStep(
  from: Float64Array,
  to: Float64Array<ArrayBuffer>,
  at: Derivatives,
  evaluate: (weights: Float64Array) => Derivatives,
): Candidate | undefined {
  const next = evaluate(to);
  return gapOf(to, next.gradient) < gapOf(from, at.gradient) / 2 ? [to, next] : undefined;
}

/** Armijo's share of the predicted decrease, and the shortest step worth trying. */
const sufficient = 1e-4;
const shortest = 1e-10;

function lineSearch(
  from: Float64Array<ArrayBuffer>,
  to: Float64Array,
  at: Derivatives,
  evaluate: (weights: Float64Array) => Derivatives,
): Candidate | undefined {
  let slope = 0;
  from.forEach((weight, m) => {
    slope += at.gradient[m]! * (to[m]! - weight);
  });
  for (let length = 1; length >= shortest; length /= 2) {
    const weights = from.map((weight, m) => weight + length * (to[m]! - weight));
    const next = evaluate(weights);
    if (next.value < at.value + sufficient * length * slope) return [weights, next];
  }
  return undefined;
}
