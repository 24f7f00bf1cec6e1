// @ts-check
import { readFileSync, readdirSync } from 'node:fs';
import { mean, results } from '../results.mjs';
import { gainOf, nameOf, number, percent, table } from './format.mjs';

const SHOWN = 'shown to lose at most 0.1 points';

/** Processor time of training in TensorFlow.js, by method. */
export function trainingCosts() {
  const runs = readdirSync(`${results}runs`)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(`${results}runs/${name}`, 'utf8')));
  const keyOf = ({ task, epochs, settings, members }) =>
    JSON.stringify([task, epochs, nameOf(settings, members.length)]);
  const keys = [...new Set(runs.map(keyOf))].sort();
  const rows = keys.map((key) => {
    const own = runs.filter((run) => keyOf(run) === key);
    const [task, epochs, method] = JSON.parse(key);
    const seconds = own.map(({ processorSeconds }) => processorSeconds);
    return [task, epochs, method, own.length, number(seconds, 0)];
  });
  return table([['task', 'epochs', 'method', 'runs', 'processor seconds a run'], ...rows]);
}

/** What a row costs with a cascade. @param {{ runs: readonly any[], gains: readonly any[] }} cascades as cascades.mjs wrote them */
export function cascadeTable({ runs, gains }) {
  const lines = gains.map(({ group, target, error }) => {
    const own = runs.filter((run) => run.group === group && run.target === target);
    const of = (name) => own.map((row) => row[name]);
    return [
      group,
      typeof target === 'number' ? `at most ${target} members a row` : target,
      own.length,
      mean(of('cost')).toFixed(2),
      percent(of('error')),
      number(of('nllCalibrated'), 4),
      target === 'all members' ? '' : gainOf(error, 100, 3),
    ];
  });
  const head = ['run', 'thresholds', 'seeds', 'members a row', 'error %', 'NLL calibrated'];
  return table([[...head, 'accuracy gained over all members, points'], ...lines]);
}

/** What a cascade that may ask two members a row gives up. @param {{ runs: readonly any[], gains: readonly any[] }} cascades as cascades.mjs wrote them @param {readonly (readonly [name: string, group: string])[]} listed */
export function cascadeSentence({ runs, gains }, listed) {
  const of = (group, target, name) =>
    mean(
      runs.filter((row) => row.group === group && row.target === target).map((row) => row[name]),
    );
  const parts = listed.map(([name, group]) => {
    const show = (target) =>
      `${(100 * of(group, target, 'error')).toFixed(2)} % and ${of(group, target, 'nllCalibrated').toFixed(3)}`;
    return `of ${name} ${of(group, 2, 'cost').toFixed(2)} of ${of(group, 'all members', 'cost')} members a row: ${show(2)} against ${show('all members')}`;
  });
  const shown = listed.map(([name, group]) => {
    const { error } = gains.find((one) => one.group === group && one.target === SHOWN);
    const change = (value) => (100 * value).toFixed(3);
    return `of ${name} ${of(group, SHOWN, 'cost').toFixed(2)} members a row, ${error.gain > 0 ? '+' : ''}${change(error.gain)} points of accuracy (95 % interval over rows ${error.overRows.map(change).join(' to ')})`;
  });
  return `**Cost of a prediction.** A cascade that may ask 2 members a row, error and calibrated NLL: ${parts.join('; ')}. A cascade whose validation rows show that it loses at most 0.1 points (\`accuracyLoss: 0.001\`): ${shown.join('; ')}.`;
}
