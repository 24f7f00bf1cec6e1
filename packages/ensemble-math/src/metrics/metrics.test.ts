import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { labelled } from '../../test/arbitraries.ts';
import { memberOutputs, type Outputs } from '../shapes.ts';
import { auroc } from './auroc.ts';
import { adaptiveEce, adaptiveReliability, ece, reliability } from './calibration-error.ts';
import { accuracy, brier, errorRate, nll, topKAccuracy } from './classification.ts';
import { confusionMatrix } from './confusion.ts';
import { gaussianNll, mse, r2 } from './regression.ts';

const rows = (classes: number, ...data: number[]): Outputs => ({
  data: Float64Array.from(data),
  rows: data.length / classes,
  classes,
});
const binary = { kind: 'binary' } as const;
const labels = { kind: 'multi-label' } as const;
const sure = rows(2, 1, 0, 0, 1);

describe('classification metrics, by hand', () => {
  it.each([
    ['accuracy of a tie: the lower class is chosen', accuracy(rows(2, 0.5, 0.5), [0]), 1],
    ['accuracy of a tie, other label', accuracy(rows(2, 0.5, 0.5), [1]), 0],
    ['top 2 of 3 with all tied', topKAccuracy(rows(3, 1 / 3, 1 / 3, 1 / 3), [2], 2), 0],
    ['top 3 of 3', topKAccuracy(rows(3, 1, 0, 0), [2], 3), 1],
    ['nll of certainty', nll(sure, [0, 1]), 0],
    ['nll of a label of probability 0', nll(sure, [1, 1]), (126 * Math.LN2) / 2],
    ['brier, all wrong and sure of it', brier(sure, [1, 0]), 2],
    ['accuracy of a binary value', accuracy(rows(1, 0.9, 0.4), [1, 1], binary), 0.5],
    ['accuracy of a binary ½: the lower class', accuracy(rows(1, 0.5), [0], binary), 1],
    ['nll of a binary value', nll(rows(1, 0.25), [0], binary), -Math.log(0.75)],
    ['brier of a binary value', brier(rows(1, 0.25), [1], binary), 0.5625],
    ['ece of a binary value', ece(rows(1, 0.25), [0], binary), 0.25],
    [
      'error of multi-label rows',
      errorRate(rows(2, 0.9, 0.9, 0.1, 0.2), [1, 0, 0, 0], labels),
      0.25,
    ],
    [
      'nll of a multi-label row',
      nll(rows(2, 0.5, 0.25), [1, 0], labels),
      (Math.LN2 - Math.log(0.75)) / 2,
    ],
    ['brier of a multi-label row', brier(rows(2, 0.5, 0), [1, 0], labels), 0.125],
    ['ece, sure and right', ece(sure, [0, 1]), 0],
    ['ece, sure and wrong', ece(sure, [1, 0]), 1],
    ['ece of one row', ece(rows(2, 0.75, 0.25), [0]), 0.25],
    ['adaptiveEce with more bins than rows', adaptiveEce(rows(2, 0.75, 0.25), [0]), 0.25],
  ])('%s', (_, actual, expected) => {
    expect(actual).toBeCloseTo(expected, 14);
  });

  it('puts a confidence on an edge into the lower bin', () => {
    const counts = reliability(rows(2, 0.7, 0.3, 0.8, 0.2), [0, 0], { bins: 10 });
    expect(counts.map(({ count }) => count)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 0, 0]);
  });

  it('never parts equal confidences', () => {
    const outputs = rows(2, 0.6, 0.4, 0.6, 0.4, 0.6, 0.4, 0.9, 0.1);
    const bins = adaptiveReliability(outputs, [0, 0, 1, 0], { bins: 2 });
    expect(bins.map(({ count }) => count)).toEqual([3, 1]);
  });

  it('counts labels by rows and predictions by columns', () => {
    const { counts } = confusionMatrix(rows(2, 0.9, 0.1, 0.8, 0.2, 0.3, 0.7), [0, 1, 1]);
    expect([...counts]).toEqual([1, 0, 1, 1]);
  });
});

describe('classification metrics, laws', () => {
  test.prop([labelled])('do not depend on the order of rows', ([predictions, labels]) => {
    const { data, rows: count, classes } = memberOutputs(predictions, 0);
    const reversed: Outputs = {
      data: Float64Array.from(data, (_, i) => {
        const row = count - 1 - Math.floor(i / classes);
        return data[row * classes + (i % classes)]!;
      }),
      rows: count,
      classes,
    };
    for (const metric of [accuracy, nll, brier, ece, adaptiveEce]) {
      const there = metric({ data, rows: count, classes }, labels);
      expect(metric(reversed, labels.toReversed())).toBeCloseTo(there, 12);
    }
  });

  test.prop([labelled])('stay within their ranges', ([predictions, labels]) => {
    const outputs = memberOutputs(predictions, 0);
    const within = (value: number, max: number): void => {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(max + 1e-6);
    };
    within(errorRate(outputs, labels), 1);
    within(brier(outputs, labels), 2);
    within(ece(outputs, labels), 1);
    within(adaptiveEce(outputs, labels), 1);
    expect(topKAccuracy(outputs, labels, 1)).toBeCloseTo(accuracy(outputs, labels), 14);
    expect(topKAccuracy(outputs, labels, outputs.classes)).toBe(1);
  });
});

describe('regression metrics, by hand', () => {
  it.each([
    ['r2 of the mean', r2(rows(1, 2, 2), [1, 3]), 0],
    ['r2 of equal targets, hit', r2(rows(1, 2, 2), [2, 2]), 1],
    ['r2 of equal targets, missed', r2(rows(1, 2, 3), [2, 2]), 0],
    ['mse of two outputs', mse(rows(2, 1, 2), [0, 4]), 2.5],
    [
      'gaussianNll at the mean',
      gaussianNll(rows(1, 0), rows(1, 1), [0]),
      Math.log(2 * Math.PI) / 2,
    ],
  ])('%s', (_, actual, expected) => {
    expect(actual).toBeCloseTo(expected, 14);
  });
});

describe('metrics refuse', () => {
  it.each([
    ['NaN', () => nll(rows(2, NaN, 1), [0])],
    ['no rows', () => accuracy(rows(2), [])],
    ['a label out of range', () => accuracy(sure, [0, 2])],
    ['a label that is no integer', () => accuracy(sure, [0, 0.5])],
    ['a label too few', () => accuracy(sure, [0])],
    ['logits', () => brier(rows(2, 3, -1), [0])],
    ['a binary value that is said to be nothing', () => nll(rows(1, 1, 1), [0, 0])],
    ['two columns as binary', () => nll(sure, [0, 1], binary)],
    ['a binary label of 2', () => nll(rows(1, 0.5), [2], binary)],
    ['logits as binary', () => nll(rows(1, 1.5), [1], binary)],
    ['NaN as multi-label', () => nll(rows(2, NaN, 0), [1, 0], labels)],
    ['class indices for multi-label rows', () => nll(rows(2, 0.5, 0.5), [1], labels)],
    ['k of 0', () => topKAccuracy(sure, [0, 1], 0)],
    ['no bins', () => ece(sure, [0, 1], { bins: 0 })],
    ['auroc of one kind of rows', () => auroc([1, 2], [1, 1])],
    ['auroc of NaN', () => auroc([1, NaN], [1, 0])],
    ['auroc of positives that are not 0 or 1', () => auroc([1, 2], [2, 0])],
    ['targets that are NaN', () => mse(rows(1, 1), [NaN])],
    ['a variance of 0', () => gaussianNll(rows(1, 0), rows(1, 0), [0])],
  ])('%s', (_, run) => {
    expect(run).toThrow(RangeError);
  });
});
