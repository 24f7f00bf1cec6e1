import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { labelled } from '../../test/arbitraries.ts';
import { simulate } from '../../test/simulate.ts';
import { combine } from '../combine/combine.ts';
import { memberOutputs, sliceRows, unstack, type Outputs } from '../shapes.ts';
import { fitConformal } from './fit.ts';
import { predictionIntervals, predictionSets } from './sets.ts';

const kind = 'probabilities';
const methods = ['split', 'aps'] as const;

describe.each(methods)('%s sets', (method) => {
  test.prop([labelled, fc.double({ min: 0.05, max: 0.95, noNaN: true })])(
    'hold at least 1 − alpha of the labels they were fitted on',
    ([predictions, labels], alpha) => {
      const outputs = memberOutputs(predictions, 0);
      const { data, rows, classes } = predictionSets(
        outputs,
        fitConformal(outputs, labels, { kind, method, alpha }),
      );
      const held = labels.filter((label, row) => data[row * classes + label] === 1).length;
      expect(held).toBeGreaterThanOrEqual((1 - alpha) * rows - 1e-9);
    },
  );

  it('cover new rows as promised', () => {
    const { predictions, labels } = simulate({ seed: 5, rows: 4000 });
    const [fit, rest] = [sliceRows(predictions, 0, 1000), sliceRows(predictions, 1000, 4000)];
    const conformal = fitConformal(memberOutputs(fit, 0), Array.from(labels).slice(0, 1000), {
      kind,
      method,
      alpha: 0.1,
    });
    const { data, rows, classes } = predictionSets(memberOutputs(rest, 0), conformal);
    let held = 0;
    for (let row = 0; row < rows; row++) held += data[row * classes + labels[1000 + row]!]!;
    // Three standard deviations of the coverage over draws of 1,000 and 3,000 rows are 0.033.
    expect(Math.abs(held / rows - 0.9)).toBeLessThan(0.033);
  });

  it('hold every class where rows are too few for the alpha', () => {
    const outputs = memberOutputs(simulate({ seed: 1, rows: 5 }).predictions, 0);
    const conformal = fitConformal(outputs, [0, 1, 2, 3, 0], { kind, method, alpha: 0.1 });
    expect(conformal.threshold).toBe(1);
    expect([...predictionSets(outputs, conformal).data]).toEqual(Array(20).fill(1));
  });

  it.each([0, 1, -0.1, NaN])('refuse alpha %f', (alpha) => {
    const outputs = { data: Float64Array.of(1, 0), rows: 1, classes: 2 };
    expect(() => fitConformal(outputs, [0], { kind, method, alpha })).toThrow(RangeError);
  });
});

describe('in float32', () => {
  // A vote of ten members: its shares are tenths, and 1 − 0.7 is more than 0.3 in one precision and less in the other.
  const { predictions, labels } = simulate({ seed: 9, rows: 2000, members: 10, noise: 2.5 });
  const vote = combine(predictions, 'majorityVote', { kind });
  const asFloat32 = { ...vote, data: Float32Array.from(vote.data) };

  it.each(methods)('%s sets of a vote keep their coverage', (method) => {
    const conformal = fitConformal(vote, labels, { kind, method, alpha: 0.1 });
    const coverage = (outputs: Outputs): number => {
      const { data, rows, classes } = predictionSets(outputs, conformal);
      let held = 0;
      for (let row = 0; row < rows; row++) held += data[row * classes + labels[row]!]!;
      return held / rows;
    };
    expect(coverage(asFloat32)).toBeGreaterThanOrEqual(0.9);
    expect(coverage(asFloat32)).toBe(coverage(vote));
  });
});

describe('class-conditional sets', () => {
  it.each(methods)('%s: the promise holds for each class', (method) => {
    const { predictions, labels } = simulate({ seed: 12, rows: 4000 });
    const outputs = memberOutputs(predictions, 0);
    // Class 0 is hard: its labels are moved to it from rows that look like class 1.
    const moved = Array.from(labels, (label, row) => (label === 1 && row % 3 === 0 ? 0 : label));
    const options = { kind, method, alpha: 0.1, classConditional: true } as const;
    const conformal = fitConformal(outputs, moved, options);
    expect(conformal.classThresholds).toHaveLength(4);
    const { data, classes } = predictionSets(outputs, conformal);
    for (let c = 0; c < 4; c++) {
      const rows = moved.flatMap((label, row) => (label === c ? [row] : []));
      const held = rows.filter((row) => data[row * classes + c] === 1).length;
      expect(held / rows.length).toBeGreaterThanOrEqual(0.9);
    }
  });

  it('are larger for the hard class than without', () => {
    const { predictions, labels } = simulate({ seed: 12, rows: 4000 });
    const outputs = memberOutputs(predictions, 0);
    const moved = Array.from(labels, (label, row) => (label === 1 && row % 3 === 0 ? 0 : label));
    const options = { kind, alpha: 0.1 } as const;
    const { threshold, classThresholds } = fitConformal(outputs, moved, {
      ...options,
      classConditional: true,
    });
    expect(fitConformal(outputs, moved, options).threshold).toBe(threshold);
    expect(classThresholds![0]).toBeGreaterThan(threshold);
    expect(classThresholds![2]).toBeLessThan(threshold);
  });

  it('hold a class of which there are too few rows', () => {
    const outputs = memberOutputs(simulate({ seed: 1, rows: 40 }).predictions, 0);
    const labels = Array.from({ length: 40 }, (_, row) => (row === 0 ? 3 : row % 3));
    const { classThresholds } = fitConformal(outputs, labels, {
      kind,
      alpha: 0.1,
      classConditional: true,
    });
    expect(classThresholds![3]).toBe(1);
  });
});

describe('prediction intervals', () => {
  const outputs = memberOutputs(
    unstack(
      Float64Array.from({ length: 10 }, () => 0),
      { members: 1, rows: 5, classes: 2 },
    ),
    0,
  );
  const targets = [0, 1, 0, -2, 3, 0, 0, 4, -5, 0];

  it('are as wide as the ranked worst residual of a row', () => {
    // ⌈6 · 0.8⌉ = 5: the largest of 1, 2, 3, 4, 5.
    const conformal = fitConformal(outputs, targets, { kind: 'regression', alpha: 0.2 });
    expect(conformal).toEqual({ method: 'absolute', alpha: 0.2, threshold: 5 });
    const { lower, upper } = predictionIntervals(outputs, conformal);
    expect([lower.data[3], upper.data[3]]).toEqual([-5, 5]);
  });

  it('are refused where rows are too few for the alpha', () => {
    expect(() =>
      fitConformal(outputs, targets, { kind: 'regression', alpha: 0.1 }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: fitConformal: 5 rows are too few for alpha 0.1; at least 9 are needed.]`,
    );
  });
});
