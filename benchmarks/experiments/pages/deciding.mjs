// @ts-check
import { readFileSync } from 'node:fs';
import { best, loadGroup, mean, ours, results, rivalOf } from '../results.mjs';
import { cascadeSentence } from './costs.mjs';
import { comparisons, regression } from './comparisons.mjs';
import { selections } from './selections.mjs';
import { fromBest, sizes, worth } from './sizes.mjs';
import { digits, shifts } from './unseen.mjs';

/** What is long for one network is short for another: never one table for two regimes. */
const LONG = [
  ['fashion-resnet20-60', 'ResNet-20, 10,000 garments'],
  ['fashion-cnn-60', 'small CNN, 10,000 garments'],
  ['fashion-cnn-60-repeat', 'the same again on another card'],
  ['fashion-cnn-5k-60', 'small CNN, 5,000 garments'],
];
const SHORT = [
  ['letters-mlp-100', 'MLP, 12,000 letters, 26 classes'],
  ['fashion-resnet20-20', 'ResNet-20, 10,000 garments'],
  ['fashion-cnn-5k-20', 'small CNN, 5,000 garments'],
  ['fashion-cnn-12', 'small CNN, 10,000 garments'],
];

/** The numbers of docs/evidence.md, line by line. */
export function decidingNumbers() {
  const cascades = JSON.parse(readFileSync(`${results}cascades.json`, 'utf8'));
  const long = loadGroup('fashion-cnn-60');
  const few = loadGroup('fashion-cnn-5k-60');
  const deep = loadGroup('fashion-resnet20-60');
  const peaks = ['cosine', 'steps', 'swa', 'ema', 'early-stop'].map((method) =>
    best(long.configs, ({ settings }) => settings.method === method),
  );
  const temperatures = (group) =>
    `${temperatureOf(ours(group))} against ${temperatureOf(rivalOf(group))}`;
  return [
    'Snapshots and their number are what validation chose; beside them is the best single model of equal length, chosen likewise. Above 0 the snapshots are better, and a difference is one where both 95 % intervals, over rows and over seeds, say so.',
    '',
    '**Long runs**, three to five times the length at which a single model is best:',
    '',
    ...comparisons(LONG),
    '',
    '**Runs no longer than a single model needs**:',
    '',
    ...comparisons(SHORT),
    '',
    '**A regression** (diamonds, 60 epochs): squared error × 1000 of ' +
      `${regression(loadGroup('diamonds-mlp-60'))}`,
    '',
    `**The peak.** It must be tuned for both sides. At 60 epochs snapshots of the small CNN are best with ${ours(long).settings.peak}, single models with ${range(peaks.map((config) => config?.settings.peak ?? NaN))}; of ResNet-20 with ${ours(deep).settings.peak}, the best single model of it with ${rivalOf(deep).settings.peak}.`,
    '',
    '**The number of cycles**, at 60 epochs of 10,000 images:',
    '',
    ...sizes(long, 'small CNN', deep, 'ResNet-20'),
    '',
    `Five, the default of the callback and of \`plot\`, is within ${fromBest(5, [long, deep])} of the best calibrated NLL there, and cheaper to serve. Of the short runs validation chose ${fewest()} cycles.`,
    '',
    `**Worth**, in independent networks that each had the whole budget: ${worth(long)} for the small CNN, ${worth(deep)} for ResNet-20, ${worth(loadGroup('letters-mlp-100'))} for the letters.`,
    '',
    `**Calibration.** Snapshots of a long run need a temperature as well, a smaller one than the best single model of that length: ${temperatures(long)} for the small CNN, ${temperatures(few)} with 5,000 images, ${temperatures(deep)} for ResNet-20.`,
    '',
    "**Unknown inputs**: how well digits are told from garments (AUROC) at 60 epochs, by the members' disagreement, and by the best score of one network's or the ensemble's mean output, which is named.",
    '',
    ...digits([
      ['small CNN', long],
      ['ResNet-20, batch-normalized', deep],
    ]),
    '',
    '**Shifted inputs**: calibrated NLL, the temperature that of clean rows.',
    '',
    ...shifts([
      ['small CNN', long],
      ['ResNet-20', deep],
    ]),
    '',
    '**Members and weights chosen on validation rows**, with a single model that was trained besides, at twice the budget: error %, calibrated NLL.',
    '',
    ...selections(),
    '',
    cascadeSentence(cascades, [
      ['the small CNN', 'fashion-cnn-60'],
      ['ResNet-20', 'fashion-resnet20-60'],
      ["the letters' MLP", 'letters-mlp-100'],
    ]),
  ];
}

function temperatureOf(config) {
  return mean(config?.scores.temperature).toFixed(2);
}

function range(values) {
  const show = (value) => String(Number(value.toPrecision(3)));
  return `${show(Math.min(...values))} to ${show(Math.max(...values))}`;
}

/** Cycles that validation chose where the run was short. */
function fewest() {
  const counts = SHORT.map(([name = '']) => ours(loadGroup(name)).members);
  return `${Math.min(...counts)} to ${Math.max(...counts)}`;
}
