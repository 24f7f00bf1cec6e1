// @ts-check
import { readFileSync, readdirSync } from 'node:fs';
import { mean, results } from '../results.mjs';
import { nameOf, number, percent, table } from './format.mjs';

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

/** What a row costs with a cascade. @param {readonly any[]} rows as cascades.mjs wrote them */
export function cascadeTable(rows) {
  const keys = [...new Set(rows.map(({ group, target }) => JSON.stringify([group, target])))];
  const lines = keys.map((key) => {
    const own = rows.filter(({ group, target }) => JSON.stringify([group, target]) === key);
    const [group, target] = JSON.parse(key);
    const of = (name) => own.map((row) => row[name]);
    return [
      group,
      target,
      own.length,
      mean(of('cost')).toFixed(2),
      percent(of('error')),
      number(of('nllCalibrated'), 4),
    ];
  });
  return table([
    ['run', 'members a row may cost', 'seeds', 'it costs', 'error %', 'NLL calibrated'],
    ...lines,
  ]);
}

/** What a cascade that may ask two members a row gives up. @param {readonly any[]} rows as cascades.mjs wrote them @param {readonly (readonly [name: string, group: string])[]} listed */
export function cascadeSentence(rows, listed) {
  const of = (group, target, name) =>
    mean(
      rows.filter((row) => row.group === group && row.target === target).map((row) => row[name]),
    );
  const parts = listed.map(([name, group]) => {
    const show = (target) =>
      `${(100 * of(group, target, 'error')).toFixed(2)} % and ${of(group, target, 'nllCalibrated').toFixed(3)}`;
    return `of ${name} ${of(group, 2, 'cost').toFixed(2)} of ${of(group, 'all members', 'cost')} members a row: ${show(2)} against ${show('all members')}`;
  });
  return `**Cost of a prediction.** A cascade, error and calibrated NLL: ${parts.join('; ')}.`;
}
