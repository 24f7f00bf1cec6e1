// @ts-check
import { best, independent, isSingle, snapshots } from '../results.mjs';
import { nameOf, number, percent, settingsOf, table, unknownOf } from './format.mjs';

/** Tasks with runs of several lengths. */
const TASKS = ['fashion-resnet20', 'fashion-cnn', 'fashion-cnn-5k', 'letters-mlp', 'diamonds-mlp'];

/** What validation would have chosen for each way to spend a budget. @param {readonly import('../results.mjs').Group[]} groups */
export function budgetTables(groups) {
  return TASKS.map((task) => budgetTable(task, groups)).join('\n\n');
}

function budgetTable(task, groups) {
  const own = groups.filter((group) => group.task === task);
  const longest = Math.max(...own.map(({ epochs }) => epochs));
  const all = own.flatMap(({ epochs, configs }) =>
    configs.map((config) => ({ ...config, epochs })),
  );
  const plain = snapshots();
  const ways = [
    [
      `a single model of ${longest} epochs`,
      (config) => isSingle(config) && config.epochs === longest,
    ],
    ['a single model, its length tuned too', isSingle],
    [`snapshots, ${longest} epochs`, (config) => plain(config) && config.epochs === longest],
    ['snapshots, their length tuned too', plain],
    ...[2, 3, 5].map((size) => [
      `${size} independent networks, ${Math.floor(longest / size)} epochs at most each`,
      (config) => independent(size)(config) && size * config.epochs <= longest,
    ]),
  ];
  const rows = ways.flatMap(([name, allowed]) => {
    const config = /** @type {any} */ (best(all, allowed));
    return config === undefined ? [] : [rowOf(name, config)];
  });
  const head = task.startsWith('diamonds')
    ? ['mean squared error × 1000', 'of the surest 90 %', 'NLL']
    : ['error %', 'surest 90 %', 'NLL raw', 'NLL calibrated', 'T', 'unknown found'];
  return `### ${task}, at most ${longest} epochs\n\n${table([['way', 'chosen', 'seeds', ...head], ...rows])}`;
}

function rowOf(name, { settings, members, epochs, seeds, scores }) {
  const what = [
    name,
    `${nameOf(settings, members)}, ${settingsOf(settings)}, ${epochs} epochs`,
    seeds.length,
  ];
  if (scores.mse)
    return [
      ...what,
      thousandth(scores.mse),
      thousandth(scores.mseAt90),
      number(scores.nllCalibrated, 4),
    ];
  const part = scores['unknown:mnist.entropy'] ? 'unknown:mnist' : 'unknown:mixed';
  return [
    ...what,
    percent(scores.error),
    percent(scores.errorAt90),
    number(scores.nll, 3),
    number(scores.nllCalibrated, 4),
    number(scores.temperature, 2),
    unknownOf(scores, part),
  ];
}

function thousandth(values) {
  return number(
    values.map((value) => value && 1000 * value),
    2,
  );
}
