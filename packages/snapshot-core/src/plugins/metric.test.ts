import { describe, expect, it } from 'vitest';
import { isBetter, modeOf, type MetricMode } from './metric.ts';

describe('modeOf', () => {
  it.each<[MetricMode, string]>([
    [
      'max',
      'acc val_acc accuracy val_binaryAccuracy top5Accuracy auc AUC rocAUC val_auc_1 f1 F1Score val_f1 precision ' +
        'val_precision recall r2 r2Score R2 meanIoU dice val_sensitivity logLikelihood',
    ],
    [
      'min',
      'loss val_loss logLoss error val_error mse MSE meanSquaredError val_meanAbsoluteError rmse binaryCrossentropy ' +
        'cross_entropy val_crossEntropy perplexity brier cosineProximity',
    ],
  ])('says %s of %s', (mode, names) => {
    for (const metric of names.split(' ')) {
      expect(modeOf({ metric }, 'test'), metric).toBe(mode);
      const other = mode === 'max' ? 'min' : 'max';
      expect(modeOf({ metric, mode: other }, 'test')).toBe(other);
    }
  });

  it.each([
    'vaccinated',
    'negativeLogLikelihood',
    'score',
    'val',
    'lossless',
    'accLoss',
    'space',
    '',
  ])('needs a mode for %j', (metric) => {
    expect(() => modeOf({ metric }, 'keepBest')).toThrow(
      `keepBest: the name "${metric}" does not say whether higher or lower is better. Pass mode: 'max' or 'min'.`,
    );
    expect(modeOf({ metric, mode: 'max' }, 'keepBest')).toBe('max');
  });

  it('refuses a mode that is none', () => {
    const mode = 'high' as MetricMode;
    expect(() => modeOf({ metric: 'acc', mode }, 'keepBest')).toThrow('mode is "high"');
  });
});

describe('isBetter', () => {
  it.each<[number, number, MetricMode, boolean]>([
    [1, 2, 'min', true],
    [2, 1, 'min', false],
    [1, 1, 'min', false],
    [2, 1, 'max', true],
    [Number.NaN, 1, 'max', false],
    [1, Number.NaN, 'min', true],
    [Number.NaN, Number.NaN, 'min', false],
  ])('%d against %d in mode %s: %s', (value, other, mode, expected) => {
    expect(isBetter(value, other, mode)).toBe(expected);
  });
});
