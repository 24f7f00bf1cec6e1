// @ts-check
import { deepEnsembleEquivalent } from '@snapshot-ensemble/ensemble-math';
import { families, independentLosses, mean, same } from '../results.mjs';
import { gainOf, nameOf, number, percent, settingsOf, table, unknownOf } from './format.mjs';

/** The best of each method at one length, with its gain over the best single model. @param {import('../results.mjs').Group} group */
export function groupTable(group) {
  const { task, epochs, rival, configs, comparisons } = group;
  const losses = independentLosses(group);
  const columns = task.startsWith('diamonds') ? regression : classification(task);
  const rows = families(configs).map((config) => {
    const { settings, members, scores, seeds } = config;
    const gains = comparisons.find(
      (other) => same(other.settings, settings) && other.members === members,
    );
    const isRival = same(settings, rival);
    return [
      nameOf(settings, members),
      settingsOf(settings),
      seeds.length,
      ...columns.map(({ cell }) => cell(scores)),
      settings.method === 'deep-ensemble' ? members : worth(mean(scores.nllCalibrated), losses),
      ...(isRival
        ? ['the rival', 'the rival']
        : gains?.mse
          ? [gainOf(gains.mse, 1000, 2), gainOf(gains.nllCalibrated, 1, 4)]
          : [gainOf(gains?.error, 100, 2), gainOf(gains?.nllCalibrated, 1, 4)]),
    ];
  });
  const head = [
    'method',
    'settings',
    'seeds',
    ...columns.map(({ title }) => title),
    'worth',
    task.startsWith('diamonds') ? 'gain in squared error × 1000' : 'gain in error, points',
    'gain in calibrated NLL',
  ];
  return `### ${task}, ${epochs} epochs\n\n${table([head, ...rows])}`;
}

/** How many independent networks have this calibrated NLL. @param {number} loss @param {readonly number[]} losses */
function worth(loss, losses) {
  if (losses.length < 2 || !Number.isFinite(loss)) return '';
  const equivalent = deepEnsembleEquivalent(loss, losses);
  return Number.isFinite(equivalent) ? equivalent.toFixed(1) : `over ${losses.length}`;
}

/** @param {string} task */
function classification(task) {
  return [
    { title: 'error %', cell: (scores) => percent(scores.error) },
    { title: 'surest 90 %', cell: (scores) => percent(scores.errorAt90) },
    { title: 'NLL raw', cell: (scores) => number(scores.nll, 3) },
    { title: 'NLL calibrated', cell: (scores) => number(scores.nllCalibrated, 4) },
    { title: 'ECE raw', cell: (scores) => number(scores.ece, 3) },
    { title: 'T', cell: (scores) => number(scores.temperature, 2) },
    ...(task.startsWith('letters')
      ? [{ title: 'mixed columns found', cell: (scores) => unknownOf(scores, 'unknown:mixed') }]
      : [{ title: 'digits found', cell: (scores) => unknownOf(scores, 'unknown:mnist') }]),
    ...(task.endsWith('held-out')
      ? [
          {
            title: 'classes left out, found',
            cell: (scores) => unknownOf(scores, 'unknown:held-out'),
          },
        ]
      : []),
  ];
}

const thousandth = (values) =>
  number(
    values.map((value) => value && 1000 * value),
    2,
  );

const regression = [
  { title: 'squared error × 1000', cell: (scores) => thousandth(scores.mse) },
  { title: 'of the surest 90 %', cell: (scores) => thousandth(scores.mseAt90) },
  { title: 'R²', cell: (scores) => number(scores.r2, 4) },
  { title: 'NLL', cell: (scores) => number(scores.nllCalibrated, 4) },
];
