import { describe, expect, it } from 'vitest';
import { simulate } from '../../test/simulate.ts';
import { accuracy } from '../metrics/classification.ts';
import { memberOutputs, pickMembers, sliceRows, type Outputs } from '../shapes.ts';
import type { LabelledRows } from './labelled-rows.ts';
import { evaluateEnsemble, type EvaluateOptions } from './evaluate.ts';
import type { Verdict } from './comparison.ts';

const fit = simulate({ seed: 31 });
const report = simulate({ seed: 32 });
/** A model with somewhat less noise than a member, or with hardly any. */
const rivalOf = (noise: number): { fit: Outputs; report: Outputs } => ({
  fit: memberOutputs(simulate({ seed: 31, members: 1, noise }).predictions, 0),
  report: memberOutputs(simulate({ seed: 32, members: 1, noise }).predictions, 0),
});
const evaluate = (options: Partial<EvaluateOptions> = {}) =>
  evaluateEnsemble({ kind: 'probabilities', fit, report, rival: 'none', ...options });

/** Outcomes of a verdict by contestant: error, likelihood as trained, likelihood after calibration. */
const outcomesOf = ({ contestants }: Verdict): string[][] =>
  contestants.map(({ comparisons }) => comparisons.map(({ outcome }) => outcome));

describe('evaluateEnsemble', () => {
  it('finds independent members better than the best of them and than a rival', () => {
    const { verdict } = evaluate({ rival: rivalOf(1.3) });
    expect(outcomesOf(verdict)).toEqual([
      ['better', 'better', 'better'],
      ['better', 'better', 'better'],
    ]);
    expect(verdict.text).toMatchInlineSnapshot(
      `"On 600 rows. Against its best member: error 0.0733 lower (95 % interval 0.0337 lower to 0.113 lower, 97 rows won and 53 lost): better; NLL as trained 0.987 lower (95 % interval 0.812 lower to 1.17 lower): better; NLL after calibration 0.117 lower (95 % interval 0.0697 lower to 0.164 lower): better. Against the single model of equal budget: error 0.0483 lower (95 % interval 0.0102 lower to 0.0869 lower, 83 rows won and 54 lost): better; NLL as trained 0.699 lower (95 % interval 0.551 lower to 0.859 lower): better; NLL after calibration 0.0727 lower (95 % interval 0.0261 lower to 0.119 lower): better."`,
    );
  });

  it('finds no difference where all members are the same', () => {
    const same = (rows: typeof fit): LabelledRows => ({
      ...rows,
      predictions: pickMembers(rows.predictions, [0, 0, 0]),
    });
    const { verdict, diversity } = evaluate({ fit: same(fit), report: same(report) });
    expect(outcomesOf(verdict)).toEqual([
      ['noClearDifference', 'noClearDifference', 'noClearDifference'],
    ]);
    expect(diversity.ambiguity.ambiguity).toBeCloseTo(0, 14);
    expect(verdict.text).toMatchInlineSnapshot(
      `"On 600 rows. Against its best member: error equal (95 % interval 0.00636 higher to 0.00636 lower, 0 rows won and 0 lost): no clear difference; NLL as trained equal (95 % interval equal to equal): no clear difference; NLL after calibration equal (95 % interval equal to equal): no clear difference. No single model of equal budget was given: whether one longer run would do as well is not known."`,
    );
  });

  it('finds a rival that is better, better', () => {
    const { verdict } = evaluate({ rival: rivalOf(0.1) });
    expect(outcomesOf(verdict)[1]).toEqual(['worse', 'worse', 'worse']);
  });

  it('asks for more than minGain', () => {
    const { verdict } = evaluate({ verdict: { minGain: { error: 0.5 } } });
    expect(outcomesOf(verdict)[0]).toEqual(['noClearDifference', 'better', 'better']);
  });

  it('keeps what is raw and what is calibrated apart', () => {
    const { ensemble, rival } = evaluate({ rival: rivalOf(1.3) });
    const nllOf = (scores: object | undefined): number => (scores as { nll: number }).nll;
    expect(nllOf(ensemble.calibrated)).toBeLessThan(nllOf(ensemble.raw));
    expect(nllOf(rival!.calibrated)).toBeLessThan(nllOf(rival!.raw));
    const asGiven = evaluate({ policy: { temperature: 1 } });
    expect(asGiven.ensemble.calibrated).toBeUndefined();
    expect(asGiven.verdict.text).not.toContain('after calibration');
  });

  it('reports growing ensembles, from the single member to all', () => {
    const { growing, members, ensemble } = evaluate({ policy: { temperature: 1 } });
    expect(growing.last[0]).toEqual(members.at(-1));
    expect(growing.first[0]).toEqual(members[0]);
    expect(growing.last.at(-1)).toEqual(growing.first.at(-1));
    expect(growing.first.at(-1)).toEqual(ensemble.raw);
  });

  it('reports cascade and coverage on rows that nothing was fitted on', () => {
    const { cascade, conformal, uncertainty } = evaluate({
      policy: { cascade: { target: { accuracyLoss: 0.02 } }, conformal: { alpha: 0.1 } },
    });
    expect(cascade?.cost).toBeLessThan(4);
    expect(cascade?.exits.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    // Four standard deviations of the coverage over draws of 300 and 600 rows.
    expect(Math.abs(conformal!.coverage - 0.9)).toBeLessThan(0.09);
    expect(uncertainty?.predictiveEntropy.errorAuroc).toBeGreaterThan(0.6);
  });

  it('is plain JSON, the same every time, and the same of logits', () => {
    const once = evaluate();
    expect(JSON.parse(JSON.stringify(once))).toEqual(once);
    expect(evaluate()).toEqual(once);
    const logs = (rows: typeof fit): LabelledRows => ({
      ...rows,
      predictions: {
        ...rows.predictions,
        members: rows.predictions.members.map((p) => p.map(Math.log)),
      },
    });
    const ofLogits = evaluate({ fit: logs(fit), report: logs(report), kind: 'logits' });
    expect(ofLogits.policy.kind).toBe('logits');
    expect(ofLogits.verdict.text).toBe(once.verdict.text);
  });

  it('judges regression by squared error', () => {
    const regression = (rows: typeof fit): LabelledRows => ({
      predictions: rows.predictions,
      labels: Array.from({ length: 600 * 4 }, (_, i) => (rows.labels[i >> 2] === i % 4 ? 1 : 0)),
    });
    const { verdict, ensemble } = evaluate({
      fit: regression(fit),
      report: regression(report),
      kind: 'regression',
    });
    expect(outcomesOf(verdict)).toEqual([['better']]);
    expect(Object.keys(ensemble.raw)).toEqual(['mse', 'mae', 'r2']);
    expect(ensemble.calibrated).toBeUndefined();
  });

  it('takes the best member from the fit rows', () => {
    const { bestMember } = evaluate();
    const scores = fit.predictions.members.map((_, m) =>
      accuracy(memberOutputs(fit.predictions, m), fit.labels),
    );
    expect(scores[bestMember]).toBe(Math.max(...scores));
  });
});

describe('evaluateEnsemble refuses to fit and report on the same rows:', () => {
  const copy = ({ predictions, labels }: LabelledRows): LabelledRows => ({
    predictions: { ...predictions, members: predictions.members.map((p) => p.slice()) },
    labels,
  });
  const ids = (start: number): number[] => Array.from({ length: 600 }, (_, i) => start + i);
  const part = (start: number, end: number): LabelledRows => ({
    predictions: sliceRows(fit.predictions, start, end),
    labels: Array.from(fit.labels).slice(start, end),
  });

  it.each<[string, LabelledRows, LabelledRows, RegExp]>([
    ['the same arrays', fit, fit, /share memory/],
    ['overlapping views', part(0, 400), part(300, 600), /share memory/],
    ['copies', fit, copy(fit), /600 of the 600 report rows/],
    ['copies of most', part(0, 400), copy(part(100, 600)), /300 of the 500 report rows/],
    ['a single row', part(0, 400), copy(part(399, 600)), /1 of the 201 report rows/],
    ['shared ids', { ...fit, ids: ids(0) }, { ...report, ids: ids(599) }, /the first is 599/],
  ])('%s', (_, one, other, message) => {
    expect(() => evaluate({ fit: one, report: other })).toThrow(message);
  });

  it.each<[string, LabelledRows, LabelledRows]>([
    ['neighbouring views', part(0, 300), part(300, 600)],
    [
      'different rows that look alike, given ids',
      { ...fit, ids: ids(0) },
      { ...copy(fit), ids: ids(600) },
    ],
  ])('but not %s', (_, one, other) => {
    expect(evaluate({ fit: one, report: other }).rows.fit).toBe(one.predictions.rows);
  });

  it('with a message that says what to do', () => {
    expect(() => evaluate({ report: fit })).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: evaluateEnsemble: fit and report share memory, so they share rows. A policy cannot be judged on the rows that it was fitted on: split your held-out rows in two.]`,
    );
  });
});
