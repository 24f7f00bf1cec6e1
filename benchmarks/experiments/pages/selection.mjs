// @ts-check
import { mean } from '../results.mjs';
import { number, percent, table } from './format.mjs';

/** @param {readonly any[]} rows as select.mjs wrote them */
export function selectionTables(rows) {
  const groups = [...new Set(rows.map(({ group }) => group))];
  return groups
    .map((group) => {
      const own = rows.filter((row) => row.group === group);
      const choices = [...new Set(own.map(({ choice }) => choice))];
      const lines = choices.map((choice) => {
        const runs = own.filter((row) => row.choice === choice);
        const of = (name) => runs.map(({ scores }) => scores[name]);
        const members = mean(runs.map((run) => run.members)).toFixed(1);
        const share = number(
          runs.map((run) => run.singleWeight),
          2,
        );
        return 'mse' in runs[0].scores
          ? [
              choice,
              members,
              share,
              number(
                of('mse').map((value) => 1000 * value),
                2,
              ),
            ]
          : [choice, members, share, percent(of('error')), number(of('nllCalibrated'), 4)];
      });
      const head =
        'mse' in own[0].scores ? ['squared error × 1000'] : ['error %', 'NLL calibrated'];
      return `### ${group}: ${own[0].snapshots}, and ${own[0].single}; ${new Set(own.map(({ seed }) => seed)).size} seeds\n\n${table([['chosen on validation rows', 'networks', 'weight of the single model', ...head], ...lines])}`;
    })
    .join('\n\n');
}
