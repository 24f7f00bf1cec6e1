// @ts-check
// `node benchmarks/experiments/cascades.mjs`: what cascades fitted on validation rows cost and lose on test rows.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { accuracy, fitPolicy, nll, predictWithPolicy } from '@snapshot-ensemble/ensemble-math';
import { compared, mean } from './gpu/compared.mjs';
import { readLabels, readPredictions } from './kept.mjs';
import { results } from './results.mjs';
import { tasks } from './tasks.mjs';

const FILES = ['fashion-resnet20-60', 'fashion-cnn-60-repeat', 'letters-mlp-100'];
const COSTS = [1.1, 1.25, 1.5, 2, 3];
const LOSSES = [0.001, 0.0025];
const ALL = 'all members';
const kind = 'logits';

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(join(results, 'cascades.json'), `${JSON.stringify(cascades())}\n`);

/** Cost and scores of each seed, and the gain in error over all members, paired by seed and row. @param {readonly string[]} [files] */
export function cascades(files = FILES) {
  const all = files.map(cascaded);
  return { runs: all.flatMap(({ runs }) => runs), gains: all.flatMap(({ gains }) => gains) };
}

/** @param {string} file */
function cascaded(file) {
  const group = file.replace('-repeat', '');
  const { classes, ...task } = tasks[group.replace(/-\d+$/, '')];
  const labels = readLabels({ classes, ...task });
  /** @type {Map<string | number, { error: Float64Array }[]>} */
  const errors = new Map();
  const runs = readPredictions(file)
    .filter(({ settings }) => settings.method === 'snapshots')
    .flatMap(({ seed, ...outputs }) => {
      const part = (/** @type {'validation' | 'test'} */ name) => ({
        members: outputs[name],
        rows: outputs[name][0].length / classes,
        classes,
      });
      const fit = (/** @type {any} */ target) =>
        fitPolicy(part('validation'), labels.validation, {
          kind,
          ...(target && { cascade: { target } }),
        });
      const whole = predictWithPolicy(fit(undefined), part('validation')).outputs;
      const targets = [
        ...COSTS.map((cost) => [cost, { cost }]),
        ['loses nothing on the rows of the fit', { accuracy: accuracy(whole, labels.validation) }],
        ...LOSSES.map((accuracyLoss) => [
          `shown to lose at most ${100 * accuracyLoss} points`,
          { accuracyLoss },
        ]),
        [ALL, undefined],
      ];
      return targets.map(([target, wanted]) => {
        const { outputs: answers, membersUsed } = predictWithPolicy(fit(wanted), part('test'));
        const error = errorsOf(answers, labels.test);
        errors.set(target, [...(errors.get(target) ?? []), { error }]);
        return {
          group,
          seed,
          target,
          cost: mean(membersUsed ?? [outputs.test.length]),
          error: mean(error),
          nllCalibrated: nll(answers, labels.test),
        };
      });
    });
  const whole = errors.get(ALL) ?? [];
  const gains = [...errors].map(([target, own]) => ({ group, target, ...compared(own, whole) }));
  return { runs, gains };
}

/** 1 where the highest probability is another class's. @param {import('@snapshot-ensemble/ensemble-math').Outputs} outputs @param {readonly number[]} labels */
function errorsOf({ data, classes }, labels) {
  return Float64Array.from(labels, (label, row) => {
    const own = data.subarray(row * classes, (row + 1) * classes);
    return own.indexOf(Math.max(...own)) === label ? 0 : 1;
  });
}
