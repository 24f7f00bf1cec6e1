// @ts-check
import { mean } from '../results.mjs';

/** @param {import('../recipes.mjs').Settings} settings @param {number} members */
export function nameOf({ method, first, temperature, annealed }, members) {
  const more = [
    first && 'first cycle long',
    temperature && `T ${temperature}`,
    annealed && 'cosine',
  ]
    .filter(Boolean)
    .join(', ');
  return `${method}${members > 1 ? `, M = ${members}` : ''}${more ? ` (${more})` : ''}`;
}

/** @param {import('../recipes.mjs').Settings} settings */
export function settingsOf({ peak, weightDecay, tailRate, decay, laterPeak }) {
  return [
    `peak ${peak}`,
    weightDecay > 0 && `decay ${weightDecay}`,
    tailRate && `tail ${tailRate}`,
    decay && `average ${decay}`,
    laterPeak && `later × ${laterPeak}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** AUROC of the score that finds most of the unknown inputs, with its name. @param {import('../results.mjs').Config['scores']} scores @param {string} part */
export function unknownOf(scores, part) {
  const names = Object.keys(scores).filter(
    (name) => name.startsWith(`${part}.`) && scores[name].every(Number.isFinite),
  );
  if (names.length === 0) return '';
  const [best] = names.sort((a, b) => mean(scores[b]) - mean(scores[a]));
  return `${mean(scores[best]).toFixed(3)} ${best.split('.').pop()}`;
}

/** @param {import('../results.mjs').Gain | undefined} gain @param {number} scale @param {number} digits */
export function gainOf(gain, scale, digits) {
  if (gain === undefined) return '';
  const show = ([low, high]) =>
    `${(scale * low).toFixed(digits)} to ${(scale * high).toFixed(digits)}`;
  return `${(scale * gain.gain).toFixed(digits)} (${show(gain.overRows)}${gain.overSeeds ? `; ${show(gain.overSeeds)}` : ''})`;
}

/** What the intervals show, and no more. @param {readonly (readonly number[] | undefined)[]} intervals of a gain */
export function outcomeOf(intervals) {
  if (intervals.some((interval) => interval === undefined)) return 'one seed';
  if (intervals.every(([low] = []) => low > 0)) return 'better';
  return intervals.every(([, high] = []) => high < 0) ? 'worse' : 'no clear difference';
}

/** @param {readonly (readonly (string | number)[])[]} rows */
export function table([head = [], ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** @param {readonly (number | null)[]} [values] */
export function percent(values) {
  return values ? shown(100 * mean(values), 2) : '';
}

/** @param {readonly (number | null)[] | undefined} values @param {number} digits */
export function number(values, digits) {
  return values ? shown(mean(values), digits) : '';
}

/** @param {number} value @param {number} digits */
function shown(value, digits) {
  return Number.isFinite(value) ? value.toFixed(digits) : '';
}
