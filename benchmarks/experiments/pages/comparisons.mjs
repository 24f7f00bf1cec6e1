// @ts-check
import { loadGroup, mean, ours, rivalOf, same } from '../results.mjs';
import { outcomeOf } from './format.mjs';

/** @param {readonly (readonly string[])[]} listed */
export function comparisons(listed) {
  return [
    '| network and data | epochs | seeds | members | fewer errors, points | lower calibrated NLL |',
    '| ---------------- | ------ | ----- | ------- | -------------------- | -------------------- |',
    ...listed.map(([name = '', what]) => {
      const group = loadGroup(name);
      const { settings, members, seeds } = ours(group);
      const { error, nllCalibrated } = group.comparisons.find(
        (found) => found.members === members && same(found.settings, settings),
      );
      const cells = [what, group.epochs, seeds.length, members];
      return `| ${[...cells, difference(error, 100, 2), difference(nllCalibrated, 1, 4)].join(' | ')} |`;
    }),
  ];
}

function difference({ gain, overRows, overSeeds }, scale, digits) {
  const show = (value) => (scale * value).toFixed(digits);
  const bounds = [overRows, overSeeds];
  return `${show(gain)} (${bounds.map(([low, high]) => `${show(low)} to ${show(high)}`).join('; ')}): ${outcomeOf(bounds)}`;
}

/** Snapshots of a regression beside the best single model. @param {import('../results.mjs').Group} group */
export function regression(group) {
  const [one, rival] = [ours(group), rivalOf(group)];
  const { mse } = group.comparisons.find((found) => same(found.settings, one.settings));
  return `${(1000 * mean(one.scores.mse)).toFixed(2)} with ${one.members} snapshots, ${(1000 * mean(rival.scores.mse)).toFixed(2)} with the best single model (${rival.settings.method}). Gain ${difference(mse, 1000, 2)}.`;
}
