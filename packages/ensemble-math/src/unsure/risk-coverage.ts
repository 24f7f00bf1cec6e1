import { checkFinite, checkLength, checkSomeRows } from '../check.ts';
import { checkOptions } from '../options.ts';

export interface RiskCoverageOptions {
  /** Shares of the rows that are answered, each in (0, 1]. Default 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1. */
  readonly coverages?: readonly number[];
}

export interface RiskCoverage {
  /** Mean loss of the rows that are answered when the least sure are handed over. */
  readonly points: readonly { readonly coverage: number; readonly risk: number }[];
  /** Area under the curve: the mean of the risks at 1, 2, …, all rows. Geifman et al. 2019, eq. 3. */
  readonly aurc: number;
}

const defaultCoverages = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1];
/** Of the product share · rows. */
const rounding = 1e-9;

/**
 * What is left of a loss when the least sure rows are handed over to somebody else. `unsureness` is larger for rows of
 * which the ensemble is less sure, see the function of that name; `losses` as `rowLosses` has them: both `[rows]`. Rows
 * that are tied are handed over at random.
 */
export function riskCoverage(
  unsureness: ArrayLike<number>,
  losses: ArrayLike<number>,
  options: RiskCoverageOptions = {},
): RiskCoverage {
  const where = 'riskCoverage';
  checkOptions(where, options, { coverages: true });
  const { coverages = defaultCoverages } = options;
  checkSomeRows(where, unsureness.length);
  checkLength(where, 'losses', losses.length, unsureness.length);
  checkFinite(`${where}, unsureness`, unsureness);
  checkFinite(`${where}, losses`, losses);
  const risks = risksOf(unsureness, losses);
  const points = coverages.map((coverage) => {
    if (!(coverage > 0 && coverage <= 1)) {
      throw new RangeError(`${where}: a coverage is ${coverage}; it must lie in (0, 1].`);
    }
    return { coverage, risk: risks[Math.ceil(coverage * risks.length - rounding) - 1]! };
  });
  let sum = 0;
  for (const risk of risks) sum += risk;
  return { points, aurc: sum / risks.length };
}

/** Mean loss of the k surest rows, entry k − 1: `[rows]`. */
function risksOf(unsureness: ArrayLike<number>, losses: ArrayLike<number>): Float64Array {
  const rows = unsureness.length;
  const order = Uint32Array.from({ length: rows }, (_, row) => row);
  order.sort((a, b) => unsureness[a]! - unsureness[b]!);
  const risks = new Float64Array(rows);
  let before = 0;
  for (let start = 0; start < rows;) {
    let end = start;
    let tied = 0;
    for (; end < rows && unsureness[order[end]!] === unsureness[order[start]!]; end++) {
      tied += losses[order[end]!]!;
    }
    const each = tied / (end - start);
    for (let k = start + 1; k <= end; k++) risks[k - 1] = (before + each * (k - start)) / k;
    before += tied;
    start = end;
  }
  return risks;
}
