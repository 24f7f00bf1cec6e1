import { expect, it } from 'vitest';
import * as math from '../src/index.ts';

const outputs = { data: Float64Array.of(0.9, 0.1, 0.2, 0.8), rows: 2, classes: 2 };
const predictions = { members: [outputs.data, outputs.data], rows: 2, classes: 2 };
const labels = [0, 1];
const kind = 'probabilities';
const policy = math.meanPolicy(kind, [0, 1]);
const rows = { predictions, labels };
const fit = (more: object): unknown => math.fitPolicy(predictions, labels, { kind, ...more });

/** By function: an option of it, and a call with other options. */
const calls: Record<string, readonly [option: string, run: (options: never) => unknown]> = {
  accuracy: ['kind', (options) => math.accuracy(outputs, labels, options)],
  applyTemperature: ['into', (options) => math.applyTemperature(outputs, 2, options)],
  brier: ['kind', (options) => math.brier(outputs, labels, options)],
  combine: ['weights', (options) => math.combine(predictions, 'meanProbabilities', options)],
  confusionMatrix: ['kind', (options) => math.confusionMatrix(outputs, labels, options)],
  ece: ['bins', (options) => math.ece(outputs, labels, options)],
  errorRate: ['kind', (options) => math.errorRate(outputs, labels, options)],
  evaluateEnsemble: ['report', (options) => math.evaluateEnsemble(options)],
  'evaluateEnsemble, rival': [
    'report',
    (rival) => math.evaluateEnsemble({ kind, fit: rows, report: rows, rival }),
  ],
  fitPolicy: ['temperature', (options) => math.fitPolicy(predictions, labels, options)],
  'fitPolicy, select': ['last', (select) => fit({ select })],
  'fitPolicy, cascade': ['target', (cascade) => fit({ cascade })],
  'fitPolicy, conformal': ['alpha', (conformal) => fit({ conformal })],
  'fitPolicy, abstain': ['share', (abstain) => fit({ abstain })],
  fitTemperature: ['kind', (options) => math.fitTemperature(outputs, labels, options)],
  gaussianNll: [
    'minVariance',
    (options) => math.gaussianNll(outputs, outputs, [1, 2, 3, 4], options),
  ],
  judgeEnsemble: [
    'minGain',
    (options) =>
      math.judgeEnsemble({ raw: outputs }, [{ against: 'it', raw: outputs }], labels, options),
  ],
  'judgeEnsemble, minGain': [
    'error',
    (minGain) =>
      math.judgeEnsemble({ raw: outputs }, [{ against: 'it', raw: outputs }], labels, {
        kind,
        minGain,
      }),
  ],
  meanInterval: ['resamples', (options) => math.meanInterval(outputs.data, options)],
  nll: ['kind', (options) => math.nll(outputs, labels, options)],
  reliability: ['bins', (options) => math.reliability(outputs, labels, options)],
  riskCoverage: ['coverages', (options) => math.riskCoverage([1, 2], [0, 1], options)],
  rowLosses: ['kind', (options) => math.rowLosses('nll', outputs, labels, options)],
  uncertainty: ['weights', (options) => math.uncertainty(predictions, options)],
  unknownInputs: [
    'seed',
    (options) => math.unknownInputs(predictions, predictions, policy, options),
  ],
};

/** A misspelt key would otherwise be a default in silence. */
it.each(Object.entries(calls))('%s refuses an option that it does not have', async (_, call) => {
  const [option, run] = call;
  const misspelt = { [`${option}s`]: 1 } as never;
  await expect(Promise.resolve(misspelt).then(run)).rejects.toThrow(`Did you mean "${option}"?`);
});
