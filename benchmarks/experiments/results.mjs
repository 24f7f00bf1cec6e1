// @ts-check
// What the tables, the figures and docs/evidence.md have in common: the JSON of ../results, and how its numbers are shown.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isSingle as endsWithOne } from './recipes.mjs';

/**
 * Scores of one configuration, a value for each seed, null where a run diverged; `rows` are its places in `<group>.rows.br`.
 *
 * @typedef {{ settings: import('./recipes.mjs').Settings, members: number, all: boolean, seeds: number[], rows?: number[], scores: Record<string, (number | null)[]> }} Config
 * @typedef {{ gain: number, overRows: [number, number], overSeeds?: [number, number] }} Gain
 * @typedef {{ task: string, epochs: number, train: number, engine: string, seconds: number, rival: any, configs: Config[], comparisons: any[] }} Group
 */

export const results = fileURLToPath(new URL('../results/', import.meta.url));

/** Tasks and lengths that are worth a picture. */
export const SHOWN = ['fashion-resnet20-60', 'fashion-cnn-60', 'fashion-cnn-12', 'letters-mlp-100'];

/** @returns {Group[]} by task, then by length, without those trained again */
export function loadGroups() {
  return readdirSync(`${results}gpu`)
    .filter((name) => name.endsWith('.json') && !name.includes('repeat'))
    .map((name) => loadGroup(name.replace('.json', '')))
    .sort((a, b) => (a.task === b.task ? a.epochs - b.epochs : a.task < b.task ? -1 : 1));
}

/** @param {string} name @returns {Group} */
export function loadGroup(name) {
  return JSON.parse(readFileSync(`${results}gpu/${name}.json`, 'utf8'));
}

/** One network, trained once. @param {Config} config */
export function isSingle({ settings: { method } }) {
  return endsWithOne(method) && method !== 'deep-ensemble';
}

/** Plain snapshots, of so many members if a number is said. @param {number} [size] */
export function snapshots(size) {
  return (/** @type {Config} */ { settings, members }) =>
    settings.method === 'snapshots' &&
    settings.first === undefined &&
    (size === undefined || members === size);
}

/** @param {number} size */
export function independent(size) {
  return (/** @type {Config} */ { settings, members }) =>
    settings.method === 'deep-ensemble' && members === size;
}

/** The configuration with the least calibrated NLL on validation rows. @param {readonly Config[]} configs @param {(config: Config) => boolean} allowed */
export function best(configs, allowed) {
  const found = configs.filter((config) => config.all && allowed(config));
  return found.reduce(
    (/** @type {Config | undefined} */ one, other) =>
      one === undefined || validation(other) < validation(one) ? other : one,
    undefined,
  );
}

/** @param {Config} config */
export function validation({ scores }) {
  const value = mean(scores['validation.nllCalibrated']);
  return Number.isNaN(value) ? Infinity : value;
}

/** The snapshots that validation chooses. @param {Group} group */
export function ours({ configs }) {
  return /** @type {Config} */ (best(configs, snapshots()));
}

/** The single model that validation chooses. @param {Group} group */
export function rivalOf({ configs }) {
  return /** @type {Config} */ (best(configs, isSingle));
}

/** The best of each method, number of members and other choice, the best first. @param {readonly Config[]} configs */
export function families(configs) {
  /** @type {Map<string, Config>} */
  const chosen = new Map();
  for (const config of configs.filter(({ all }) => all)) {
    const { settings, members } = config;
    const key = JSON.stringify([settings.method, members, settings.first, settings.temperature]);
    const other = chosen.get(key);
    if (other === undefined || validation(config) < validation(other)) chosen.set(key, config);
  }
  return [...chosen.values()].sort((a, b) => validation(a) - validation(b));
}

/** Calibrated NLL of 1, 2, 3 … independent networks, each trained for the whole length. @param {Group} group */
export function independentLosses({ configs }) {
  const sizes = [best(configs, ({ settings }) => settings.method === 'cosine')];
  for (let size = 2; sizes.at(-1) !== undefined; size++)
    sizes.push(best(configs, independent(size)));
  return sizes.slice(0, -1).map((config) => mean(config?.scores.nllCalibrated));
}

/** @param {object} a @param {object} b */
export function same(a, b) {
  const sorted = (settings) => JSON.stringify(Object.entries(settings ?? {}).sort());
  return sorted(a) === sorted(b);
}

/** NaN where one is missing. @param {readonly (number | null)[]} [values] */
export function mean(values = []) {
  return (
    values.reduce((/** @type {number} */ sum, value) => sum + (value ?? NaN), 0) / values.length
  );
}

/** 95 % interval over seeds of a mean, by Student's t. @param {readonly number[]} values @returns {[number, number]} */
export function overSeeds(values) {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  const reach =
    studentOf(values.length - 1) * Math.sqrt(squares / (values.length - 1) / values.length);
  return [centre - reach, centre + reach];
}

/** 97.5 % quantile of Student's t, up to 7 degrees of freedom. @param {number} freedom */
function studentOf(freedom) {
  return [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365][freedom - 1] ?? NaN;
}
