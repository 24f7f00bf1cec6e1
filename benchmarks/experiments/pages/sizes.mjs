// @ts-check
import { deepEnsembleEquivalent } from '@snapshot-ensemble/ensemble-math';
import { best, independentLosses, mean, ours, snapshots } from '../results.mjs';

export function sizes(first, firstName, second, secondName) {
  const counts = [3, 4, 5, 6, 8, 10];
  const row = (group, measure, scale, digits) =>
    counts
      .map((count) => best(group.configs, snapshots(count))?.scores[measure])
      .map((values) => (values ? (scale * mean(values)).toFixed(digits) : ''))
      .join(' | ');
  return [
    `| cycles | ${counts.join(' | ')} |`,
    `| --- | ${counts.map(() => '---').join(' | ')} |`,
    ...[
      [first, firstName],
      [second, secondName],
    ].flatMap(([group, name]) => [
      `| ${name}, error % | ${row(group, 'error', 100, 2)} |`,
      `| ${name}, calibrated NLL | ${row(group, 'nllCalibrated', 1, 3)} |`,
    ]),
  ];
}

export function worth(group) {
  const loss = mean(ours(group).scores.nllCalibrated);
  const losses = independentLosses(group);
  const equivalent = deepEnsembleEquivalent(loss, losses);
  return Number.isFinite(equivalent) ? equivalent.toFixed(1) : `over ${losses.length}`;
}

/** How far the calibrated NLL of so many cycles is from the best number, at most. */
export function fromBest(count, groups) {
  const lost = groups.map((group) => {
    const losses = [3, 4, 5, 6, 8, 10]
      .map((size) => best(group.configs, snapshots(size))?.scores.nllCalibrated)
      .filter((values) => values !== undefined)
      .map((values) => mean(values));
    const own = best(group.configs, snapshots(count))?.scores.nllCalibrated;
    return mean(own) - Math.min(...losses);
  });
  return Math.max(...lost).toFixed(3);
}
