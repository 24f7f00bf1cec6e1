// @ts-check
// `node benchmarks/experiments/cascades.mjs RAW`: error against the members that a row costs on average, by cascades fitted on validation rows.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorRate, fitPolicy, nll, predictWithPolicy } from '@snapshot-ensemble/ensemble-math';
import { loadParts } from './data/load.mjs';
import { readPredictions } from './predictions.mjs';
import { results } from './results.mjs';
import { tasks } from './tasks.mjs';

const raw = process.argv[2];
if (raw === undefined) throw new RangeError('Usage: node cascades.mjs RAW');

const FILES = ['fashion-resnet20-60', 'fashion-cnn-60-repeat', 'letters-mlp-100'];
const COSTS = [1.1, 1.25, 1.5, 2, 3];
const kind = 'logits';

writeFileSync(join(results, 'cascades.json'), `${JSON.stringify(FILES.flatMap(cascaded))}\n`);

/** @param {string} file */
function cascaded(file) {
  const group = file.replace('-repeat', '');
  const task = tasks[group.replace(/-\d+$/, '')];
  const { validation, test } = loadParts(fileURLToPath(new URL('.data', import.meta.url)), task);
  return readPredictions(raw, file, task.classes)
    .filter(({ settings }) => settings.method === 'snapshots')
    .flatMap(({ seed, ...outputs }) => {
      const part = (/** @type {'validation' | 'test'} */ name) => ({
        members: outputs[name],
        rows: outputs[name][0].length / task.classes,
        classes: task.classes,
      });
      return [...COSTS, undefined].map((cost) => {
        const policy = fitPolicy(part('validation'), validation.labels ?? [], {
          kind,
          ...(cost !== undefined && { cascade: { target: { cost } } }),
        });
        const { outputs: answers, membersUsed } = predictWithPolicy(policy, part('test'));
        const used = Array.from(membersUsed ?? [outputs.test.length]);
        return {
          group,
          seed,
          target: cost ?? 'all members',
          cost: used.reduce((sum, value) => sum + value, 0) / used.length,
          error: errorRate(answers, test.labels ?? []),
          nllCalibrated: nll(answers, test.labels ?? []),
        };
      });
    });
}
