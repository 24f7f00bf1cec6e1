// @ts-check
import { readFileSync } from 'node:fs';
import { mean, results } from '../results.mjs';

/** Error and calibrated NLL of members and weights that were chosen on validation rows. */
export function selections() {
  const rows = JSON.parse(readFileSync(`${results}selection.json`, 'utf8')).filter(
    ({ scores }) => scores.error !== undefined,
  );
  const choices = [
    'the single model alone',
    'all snapshots',
    'weights',
    'weights, the single model among them',
  ];
  const show = (group, choice) => {
    const own = rows.filter((row) => row.group === group && row.choice === choice);
    const of = (name) => mean(own.map(({ scores }) => scores[name]));
    return `${(100 * of('error')).toFixed(2)}, ${of('nllCalibrated').toFixed(4)}`;
  };
  return [
    `| run | ${choices.join(' | ')} |`,
    `| --- | ${choices.map(() => '---').join(' | ')} |`,
    ...[...new Set(rows.map(({ group }) => group))].map(
      (group) => `| ${group} | ${choices.map((choice) => show(group, choice)).join(' | ')} |`,
    ),
  ];
}
