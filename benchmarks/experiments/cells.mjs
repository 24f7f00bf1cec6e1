// @ts-check
import { tasks } from './tasks.mjs';

/**
 * @typedef {import('./recipes.mjs').Settings} Settings
 * @typedef {import('./worker.mjs').Cell} Cell
 * @typedef {{ task: string, epochs: number, seeds: number, configs: readonly Settings[] }} Block
 */

const cosine = (peak, weightDecay = 0) => ({ method: 'cosine', peak, weightDecay });
const steps = (peak, weightDecay = 0) => ({ method: 'steps', peak, weightDecay });
const snapshots = (cycles, peak, weightDecay = 0) => ({
  method: 'snapshots',
  cycles,
  peak,
  weightDecay,
});

/** What every comparison needs. @type {readonly Block[]} */
const first = [
  {
    task: 'fashion-cnn',
    epochs: 60,
    seeds: 5,
    configs: [snapshots(8, 0.05), cosine(0.05), steps(0.05), snapshots(4, 0.05)],
  },
  {
    task: 'fashion-cnn',
    epochs: 12,
    seeds: 5,
    configs: [cosine(0.05), snapshots(4, 0.05), cosine(0.025), steps(0.05)],
  },
  { task: 'fashion-cnn-5k', epochs: 20, seeds: 5, configs: [cosine(0.05), cosine(0.025)] },
  {
    task: 'fashion-cnn-5k',
    epochs: 60,
    seeds: 5,
    configs: [snapshots(8, 0.05), cosine(0.05), snapshots(6, 0.05)],
  },
  {
    task: 'letters-mlp',
    epochs: 100,
    seeds: 5,
    configs: [
      snapshots(4, 0.2, 1e-4),
      cosine(0.2, 1e-4),
      { method: 'swa', peak: 0.2, tailRate: 0.1, weightDecay: 1e-4 },
      cosine(0.1, 5e-4),
      snapshots(5, 0.1, 5e-4),
      steps(0.1, 5e-4),
    ],
  },
  {
    task: 'diamonds-mlp',
    epochs: 60,
    seeds: 5,
    configs: [
      snapshots(3, 0.03, 1e-4),
      cosine(0.03, 1e-4),
      { method: 'ema', peak: 0.03, decay: 0.99, weightDecay: 1e-4 },
    ],
  },
];

/** The other rivals and variants, and the tasks that take longest. @type {readonly Block[]} */
const later = [
  {
    task: 'fashion-cnn',
    epochs: 60,
    seeds: 5,
    configs: [
      cosine(0.025),
      { method: 'swa', peak: 0.05, tailRate: 0.025, weightDecay: 0 },
      { method: 'ema', peak: 0.025, decay: 0.999, weightDecay: 0 },
      { method: 'early-stop', peak: 0.025, weightDecay: 0 },
      { method: 'snapshots', cycles: 6, first: 0.4, laterPeak: 0.5, peak: 0.05, weightDecay: 0 },
      { method: 'tails', cycles: 8, peak: 0.05, weightDecay: 0 },
      { method: 'csg-mcmc', cycles: 4, peak: 0.05, temperature: 0.1, weightDecay: 0 },
      snapshots(8, 0.1),
      snapshots(6, 0.05),
    ],
  },
  {
    task: 'fashion-cnn-held-out',
    epochs: 60,
    seeds: 5,
    configs: [snapshots(8, 0.05), steps(0.05)],
  },
  { task: 'fashion-cnn-held-out', epochs: 12, seeds: 5, configs: [cosine(0.05)] },
  {
    task: 'fashion-resnet20',
    epochs: 40,
    seeds: 3,
    configs: [snapshots(5, 0.1, 5e-4), cosine(0.1, 5e-4), steps(0.1, 5e-4)],
  },
];

/** Every cell; seed by seed, so that a table cut short still compares like with like. @returns {Cell[]} */
export function cells() {
  return [first, later].flatMap((blocks) =>
    Array.from({ length: 5 }, (_, seed) => blocks.flatMap((block) => cellsOf(block, seed))).flat(),
  );
}

/** @param {Block} block @param {number} seed @returns {Cell[]} */
function cellsOf({ task, epochs, seeds, configs }, seed) {
  if (seed >= seeds) return [];
  return configs.map((settings) => ({
    id: idOf({ task, epochs, seed, settings }),
    task,
    epochs,
    seed,
    settings,
  }));
}

/** @param {Omit<Cell, 'id'>} cell */
function idOf({ task, epochs, seed, settings: { method, ...settings } }) {
  if (!(task in tasks))
    throw new RangeError(`There is no task "${task}". Tasks: ${Object.keys(tasks).join(', ')}.`);
  const words = Object.entries(settings)
    .filter(([name, value]) => value !== undefined && !(name === 'weightDecay' && value === 0))
    .map(([name, value]) => `${name}-${value}`);
  return [task, epochs, method, ...words.sort(), `seed-${seed}`].join('_');
}
