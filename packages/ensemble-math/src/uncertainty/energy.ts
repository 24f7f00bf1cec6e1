import { checkFinite, checkPredictions, memberWeights } from '../check.ts';
import type { Predictions } from '../shapes.ts';

/** −Σₘ wₘ ln Σ꜀ exp z꜀ₘ of each row of logits: `[rows]`, larger for inputs that fit no class. Liu et al. 2020, eq. 4. */
export function energy(logits: Predictions, given?: readonly number[]): Float64Array {
  checkPredictions('energy', logits);
  const { members, rows, classes } = logits;
  const weights = memberWeights('energy', members.length, given);
  const energies = new Float64Array(rows);
  members.forEach((values, m) => {
    for (let row = 0; row < rows; row++) {
      let max = -Infinity;
      for (let i = row * classes; i < (row + 1) * classes; i++) max = Math.max(max, values[i]!);
      let sum = 0;
      for (let i = row * classes; i < (row + 1) * classes; i++) sum += Math.exp(values[i]! - max);
      energies[row] = energies[row]! - weights[m]! * (max + Math.log(sum));
    }
  });
  checkFinite('energy', energies);
  return energies;
}
