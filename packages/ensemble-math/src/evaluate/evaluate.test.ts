import { describe, expect, it } from 'vitest';
import { simulate } from '../../test/simulate.ts';
import { accuracy } from '../metrics/classification.ts';
import { memberOutputs, pickMembers, sliceRows, type Outputs } from '../shapes.ts';
import { bootstrapMean } from './bootstrap.ts';
import type { LabelledRows } from './disjoint.ts';
import { evaluateEnsemble, type EvaluateOptions } from './evaluate.ts';

const fit = simulate({ seed: 31 });
const report = simulate({ seed: 32 });
/** A model with somewhat less noise than a member, or with hardly any. */
const rivalOf = (noise: number): { fit: Outputs; report: Outputs } => ({
  fit: memberOutputs(simulate({ seed: 31, members: 1, noise }).predictions, 0),
  report: memberOutputs(simulate({ seed: 32, members: 1, noise }).predictions, 0),
});
const evaluate = (options: Partial<EvaluateOptions> = {}) =>
  evaluateEnsemble({ kind: 'probabilities', fit, report, rival: 'none', ...options });

describe('evaluateEnsemble', () => {
  it('finds independent members worth it', () => {
    const { verdict } = evaluate({ rival: rivalOf(1.3) });
    expect(verdict.worthIt).toBe(true);
    expect(verdict.text).toMatchInlineSnapshot(
      `"Worth it. Against its best member: a gain in error of 0.0733 (95 % interval 0.0333 to 0.113), better; against the rival of equal budget: a gain in error of 0.0483 (95 % interval 0.0117 to 0.0883), better."`,
    );
  });

  it('does not find members worth it that are all the same', () => {
    const same = (rows: typeof fit): LabelledRows => ({
      ...rows,
      predictions: pickMembers(rows.predictions, [0, 0, 0]),
    });
    const { verdict, diversity } = evaluate({ fit: same(fit), report: same(report) });
    expect(verdict.worthIt).toBe(false);
    expect(verdict.comparisons[0]?.gain).toEqual({ estimate: 0, lower: 0, upper: 0 });
    expect(diversity.ambiguity.ambiguity).toBeCloseTo(0, 14);
    expect(verdict.text).toMatchInlineSnapshot(
      `"Not worth it. Against its best member: a gain in error of 0 (95 % interval 0 to 0), no gain that matters. No rival of equal budget was given: whether one longer run would do as well is not known."`,
    );
  });

  it('does not find it worth it against a rival that is better', () => {
    const { verdict } = evaluate({ rival: rivalOf(0.1) });
    expect(verdict.comparisons.map(({ better }) => better)).toEqual([true, false]);
    expect(verdict.worthIt).toBe(false);
  });

  it('asks for more than minGain', () => {
    expect(evaluate({ verdict: { minGain: 0.5 } }).verdict.worthIt).toBe(false);
  });

  it('reports growing ensembles, from the single member to all', () => {
    const { growing, members, ensemble } = evaluate({ policy: { temperature: 1 } });
    expect(growing.last[0]).toEqual(members.at(-1));
    expect(growing.first[0]).toEqual(members[0]);
    expect(growing.last.at(-1)).toEqual(growing.first.at(-1));
    expect(growing.first.at(-1)).toEqual(ensemble);
  });

  it('reports calibration, cascade and coverage on rows that nothing was fitted on', () => {
    const { calibration, cascade, conformal, uncertainty, policy } = evaluate({
      policy: { cascade: { target: { accuracyLoss: 0.02 } }, conformal: { alpha: 0.1 } },
    });
    expect(calibration?.after.nll).toBeLessThan(calibration!.before.nll);
    expect(calibration?.temperature).toBe(policy.temperature);
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
    const { verdict, ensemble, calibration } = evaluate({
      fit: regression(fit),
      report: regression(report),
      kind: 'regression',
    });
    expect(verdict).toMatchObject({ metric: 'mse', worthIt: true });
    expect(Object.keys(ensemble)).toEqual(['mse', 'mae', 'r2']);
    expect(calibration).toBeUndefined();
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
      `[RangeError: evaluateEnsemble: fit and report share memory, so they share rows. What is fitted on rows cannot be judged by them: split your held-out rows in two.]`,
    );
  });
});

describe('bootstrapMean', () => {
  it('covers the mean about as often as it says', () => {
    let covered = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const { labels } = simulate({ seed, rows: 100, members: 1 });
      const { lower, upper } = bootstrapMean(Float64Array.from(labels), {
        seed,
        resamples: 400,
        confidence: 0.9,
      });
      if (lower <= 1.5 && 1.5 <= upper) covered++;
    }
    // 0.9 ± three standard deviations of 300 draws.
    expect(Math.abs(covered / 300 - 0.9)).toBeLessThan(0.055);
  });

  it.each([
    ['no rows', () => bootstrapMean(new Float64Array(0))],
    ['NaN', () => bootstrapMean(Float64Array.of(NaN))],
    ['a confidence of 1', () => bootstrapMean(Float64Array.of(1), { confidence: 1 })],
  ])('refuses %s', (_, run) => {
    expect(run).toThrow(RangeError);
  });
});
