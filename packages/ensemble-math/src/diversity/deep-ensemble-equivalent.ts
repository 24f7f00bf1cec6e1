import { checkFinite, checkSomeRows } from '../check.ts';

/**
 * How many independently trained networks an ensemble is worth: the smallest size l, linearly interpolated, at which
 * deep ensembles are as good. `deepEnsembles[l − 1]` is the loss (lower is better; calibrated NLL in the source) of
 * l independent networks; take the mean over draws, or mean ± standard deviation for the bounds. 1 where a single
 * network is already as good, Infinity where none of the sizes is. Ashukha et al. 2020, §5.
 */
export function deepEnsembleEquivalent(loss: number, deepEnsembles: readonly number[]): number {
  checkFinite('deepEnsembleEquivalent', [loss]);
  checkFinite('deepEnsembleEquivalent, deepEnsembles', deepEnsembles);
  checkSomeRows('deepEnsembleEquivalent, deepEnsembles', deepEnsembles.length);
  const reached = deepEnsembles.findIndex((value) => value <= loss);
  if (reached < 0) return Infinity;
  if (reached === 0) return 1;
  const [before, after] = [deepEnsembles[reached - 1]!, deepEnsembles[reached]!];
  return reached + (before - loss) / (before - after);
}
