import { describe, expect, it } from 'vitest';
import { simulate } from '../../test/simulate.ts';
import { memberOutputs, type Outputs } from '../shapes.ts';
import { pairedErrors } from './paired-errors.ts';
import { judgeEnsemble, type VerdictOptions } from './verdict.ts';

const kind = 'probabilities';
/** Two classes, right where `hits` says so, with this much confidence. */
const outputs = (hits: readonly boolean[], confidence = 0.9): Outputs => ({
  data: Float64Array.from(
    hits.flatMap((hit) => (hit ? [confidence, 1 - confidence] : [1 - confidence, confidence])),
  ),
  rows: hits.length,
  classes: 2,
});
const times = (count: number, hit: boolean): boolean[] => Array.from({ length: count }, () => hit);
const judge = (ensemble: Outputs, contestant: Outputs, options: Partial<VerdictOptions> = {}) =>
  judgeEnsemble(
    { raw: ensemble },
    [{ against: 'a rival', raw: contestant }],
    times(ensemble.rows, true).map(() => 0),
    { kind, ...options },
  );
const errorOf = (...args: Parameters<typeof judge>) =>
  judge(...args).contestants[0]!.comparisons[0]!;

describe('errors', () => {
  it.each([
    // [won, lost, both right, outcome]
    [4, 0, 96, 'noClearDifference'],
    [5, 0, 95, 'noClearDifference'],
    [6, 0, 94, 'better'],
    [0, 6, 94, 'worse'],
    [15, 5, 980, 'better'],
    [14, 5, 980, 'noClearDifference'],
    [0, 0, 100, 'noClearDifference'],
    [5, 0, 0, 'tooFewRows'],
    [6, 0, 0, 'better'],
  ])('%i won, %i lost of %i more: %s', (won, lost, both, outcome) => {
    const ensemble = outputs([...times(won, true), ...times(lost, false), ...times(both, true)]);
    const other = outputs([...times(won, false), ...times(lost, true), ...times(both, true)]);
    expect(errorOf(ensemble, other)).toMatchObject({ outcome, wins: won, losses: lost });
  });

  it('have the score interval of the difference', () => {
    const gains = Float64Array.from([
      ...Array(12).fill(1),
      ...Array(2).fill(-1),
      ...Array(36).fill(0),
    ] as number[]);
    const { gain, pValue } = pairedErrors(gains, 0.95);
    // scipy: the roots of the score statistic with its nuisance share maximised numerically; binomtest(2, 14).
    expect(gain.lower).toBeCloseTo(0.0611124068, 7);
    expect(gain.upper).toBeCloseTo(0.3447087498, 7);
    expect(pValue).toBeCloseTo(0.012939453125, 12);
  });

  it('keep the interval within [−1, 1] where all rows are won', () => {
    const { gain } = pairedErrors(new Float64Array(50).fill(1), 0.95);
    expect(gain.estimate).toBe(1);
    expect(gain.upper).toBe(1);
    expect(gain.lower).toBeLessThan(1);
  });
});

describe('judgeEnsemble', () => {
  const { predictions, labels } = simulate({ seed: 3, rows: 200 });
  const one = memberOutputs(predictions, 0);

  it('refuses to judge against nobody', () => {
    expect(() =>
      judgeEnsemble({ raw: one }, [], labels, { kind }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[RangeError: judgeEnsemble: there are no contestants. Give at least one: the best member, a single model of the same budget.]`,
    );
  });

  it('refuses options that do not exist', () => {
    const options = { kind, metric: 'nll' } as VerdictOptions;
    expect(() =>
      judgeEnsemble({ raw: one }, [{ against: 'it', raw: one }], labels, options),
    ).toThrow(/no option "metric"/);
  });

  it('says that rows are too few for means', () => {
    const few = outputs(times(20, true));
    const { comparisons } = judge(few, outputs(times(20, true), 0.6)).contestants[0]!;
    expect(comparisons.map(({ measure, outcome }) => [measure, outcome])).toEqual([
      ['error', 'noClearDifference'],
      ['nllRaw', 'tooFewRows'],
    ]);
  });

  it('calls raw and calibrated likelihood by their names', () => {
    const { text } = judgeEnsemble(
      { raw: memberOutputs(predictions, 1), calibrated: one },
      [{ against: 'its best member', raw: one, calibrated: one }],
      labels,
      { kind },
    );
    expect(text).toMatchInlineSnapshot(
      `"On 200 rows. Against its best member: error 0.07 higher (95 % interval 0.16 higher to 0.0211 lower, 36 rows won and 50 lost): no clear difference; NLL as trained 0.226 higher (95 % interval 0.724 higher to 0.265 lower): no clear difference; NLL after calibration equal (95 % interval equal to equal): no clear difference. With 200 rows, intervals of means cover a little less than they say where losses have heavy tails."`,
    );
  });

  it('compares calibrated outputs with calibrated ones only', () => {
    const { contestants } = judgeEnsemble(
      { raw: one, calibrated: one },
      [{ against: 'it', raw: one }],
      labels,
      { kind },
    );
    expect(contestants[0]!.comparisons.map(({ measure }) => measure)).toEqual(['error', 'nllRaw']);
  });
});
