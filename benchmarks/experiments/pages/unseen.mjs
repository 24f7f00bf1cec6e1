// @ts-check
import { best, independent, mean, ours, rivalOf } from '../results.mjs';
import { unknownOf } from './format.mjs';

/** @typedef {readonly (readonly [name: string, group: import('../results.mjs').Group])[]} Named */

/** How well digits are told from garments. @param {Named} listed */
export function digits(listed) {
  const found = ({ scores }) =>
    unknownOf(
      Object.fromEntries(
        Object.entries(scores).filter(([name]) => !name.endsWith('.mutualInformation')),
      ),
      'unknown:mnist',
    );
  return [
    '| network | disagreement of the snapshots | best score of their mean | best single model | one cosine |',
    '| --- | --- | --- | --- | --- |',
    ...listed.map(([name, group]) => {
      const cosine = best(group.configs, ({ settings }) => settings.method === 'cosine');
      const cells = [
        mean(ours(group).scores['unknown:mnist.mutualInformation']).toFixed(3),
        ...[ours(group), rivalOf(group), cosine].map((config) => found(config)),
      ];
      return `| ${name} | ${cells.join(' | ')} |`;
    }),
  ];
}

/** Calibrated NLL of shifted inputs. @param {Named} listed */
export function shifts(listed) {
  const names = ['noise-0.2', 'blur', 'rotation-15', 'rotation-30'];
  const of = (config, name) => mean(config?.scores[`shifted:${name}.nllCalibrated`]).toFixed(2);
  return [
    `| network | model | ${names.map((name) => name.replace('-', ' ')).join(' | ')} |`,
    `| --- | --- | ${names.map(() => '---').join(' | ')} |`,
    ...listed.flatMap(([name, group]) =>
      [
        ['best single model', rivalOf(group)],
        ['snapshots', ours(group)],
        ['3 independent networks', best(group.configs, independent(3))],
      ].map(
        ([model, config]) =>
          `| ${name} | ${model} | ${names.map((shift) => of(config, shift)).join(' | ')} |`,
      ),
    ),
  ];
}
