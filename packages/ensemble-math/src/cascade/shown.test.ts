import { describe, expect, it } from 'vitest';
import { simulate } from '../../test/simulate.ts';
import { pairedErrors } from '../evaluate/paired-errors.ts';
import { errorLosses, mean } from '../metrics/classification.ts';
import { sliceRows, type Outputs } from '../shapes.ts';
import { combine } from '../combine/combine.ts';
import { cascadeOrder, fitCascade } from './fit.ts';
import { runCascade, type CascadeOptions } from './run.ts';
import { leastGain } from './shown.ts';
import { stagesOf } from './stages.ts';

const rule: CascadeOptions = { combine: 'meanProbabilities', kind: 'probabilities' };
const drawn = simulate({ seed: 3, members: 4, rows: 24_000 });
const rowsOf = (start: number, end: number) => ({
  predictions: sliceRows(drawn.predictions, start, end),
  labels: Array.from(drawn.labels).slice(start, end),
});
const others = rowsOf(12_000, 24_000);
const accuracyLoss = 0.01;

const errorsOf = (outputs: Outputs, labels: readonly number[]): Float64Array =>
  errorLosses(outputs, labels, { kind: 'probabilities' });
const wholeOf = ({ predictions, labels }: ReturnType<typeof rowsOf>): Float64Array =>
  errorsOf(combine(predictions, 'meanProbabilities', { kind: 'probabilities' }), labels);
const wholeElsewhere = mean(wholeOf(others));

/** What the cascade of some rows loses on 12,000 others. */
function lossElsewhere(thresholds: readonly number[], order: readonly number[]): number {
  const { outputs } = runCascade(others.predictions, { order, thresholds }, rule);
  return mean(errorsOf(outputs, others.labels)) - wholeElsewhere;
}

describe('a target of accuracyLoss', () => {
  const fits = Array.from({ length: 24 }, (_, i) => rowsOf(500 * i, 500 * (i + 1))).map(
    ({ predictions, labels }) =>
      fitCascade(predictions, labels, { ...rule, target: { accuracyLoss } }),
  );
  const missed = (losses: readonly number[]) =>
    losses.filter((loss) => loss > accuracyLoss).length / losses.length;

  it('holds on other rows, as often as its confidence says', () => {
    const losses = fits.map(({ cascade }) => lossElsewhere(cascade.thresholds, cascade.order));
    // One in twenty may miss: of 24 draws, four or more in 3 % of tries.
    expect(missed(losses)).toBeLessThan(4 / 24);
    expect(Math.min(...fits.map(({ point }) => point.cost))).toBeLessThan(4);
  });

  it('would not hold by what the rows of the fit lose alone', () => {
    const losses = fits.map(({ cascade, curve, whole }) => {
      const cheapest = curve.find(({ accuracy }) => accuracy >= whole.accuracy - accuracyLoss)!;
      return lossElsewhere(cheapest.thresholds, cascade.order);
    });
    expect(missed(losses)).toBeGreaterThan(0.25);
  });

  it('is met by the bound of the paired errors of the cascade as it runs', () => {
    const rows = rowsOf(0, 2000);
    const { predictions, labels } = rows;
    const order = cascadeOrder(predictions, labels, rule);
    const thresholds = [0.7, 0.7, 0.7];
    const whole = wholeOf(rows);
    const { outputs } = runCascade(predictions, { order, thresholds }, rule);
    const gains = errorsOf(outputs, labels).map((error, row) => whole[row]! - error);
    expect(leastGain(stagesOf(predictions, labels, order, rule), thresholds, 0.95)).toBe(
      pairedErrors(gains, 0.9).gain.lower,
    );
  });

  it('asks more members for more confidence', () => {
    const { predictions, labels } = rowsOf(0, 2000);
    const costs = [0.6, 0.95, 0.999].map(
      (confidence) =>
        fitCascade(predictions, labels, { ...rule, target: { accuracyLoss, confidence } }).point
          .cost,
    );
    expect(costs).toEqual([...costs].sort((a, b) => a - b));
    expect(costs[0]).toBeLessThan(costs[2]!);
  });

  it.each([
    ['nothing', { accuracyLoss: 0 }, /accuracyLoss is 0; it must lie in \(0, 1\)/],
    ['a negative loss', { accuracyLoss: -0.01 }, /accuracyLoss is -0.01/],
    ['a confidence of 1', { accuracyLoss, confidence: 1 }, /confidence is 1/],
    [
      'a loss for which the rows are too few',
      { accuracyLoss: 0.001 },
      /500 rows cannot show .* that takes 2703/,
    ],
    ['two goals', { accuracyLoss, cost: 2 }, /has accuracyLoss and cost\. Give one of/],
    ['no goal', {} as never, /has no goal\. Give one of/],
    ['a confidence of another goal', { cost: 2, confidence: 0.9 }, /Leave confidence out/],
    ['an option that is none', { accuracyLoss, confidance: 0.9 }, /Did you mean "confidence"/],
  ])('refuses %s', (_, target, message) => {
    const { predictions, labels } = rowsOf(0, 500);
    expect(() => fitCascade(predictions, labels, { ...rule, target })).toThrow(message);
  });

  it('of a single member is that member', () => {
    const { predictions, labels } = rowsOf(0, 500);
    const one = { ...predictions, members: predictions.members.slice(0, 1) };
    const { point } = fitCascade(one, labels, { ...rule, target: { accuracyLoss } });
    expect(point).toMatchObject({ thresholds: [], cost: 1 });
  });
});
