import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { labelled, probabilities } from '../../test/arbitraries.ts';
import { makeCase } from '../../test/cases.ts';
import { nll } from '../metrics/classification.ts';
import { memberOutputs, unstack } from '../shapes.ts';
import {
  crossValidateTemperature,
  fitTemperature,
  leastNllTemperature,
} from './fit-temperature.ts';
import { applyTemperature } from './temperature.ts';

const temperatures = fc.double({ min: 0.05, max: 20, noNaN: true });

describe('applyTemperature', () => {
  test.prop([probabilities])('is the identity at 1', (predictions) => {
    const outputs = memberOutputs(predictions, 0);
    expect(applyTemperature(outputs, 1).data).toBe(outputs.data);
    expect(
      applyTemperature(outputs, 1, { into: new Float64Array(outputs.data.length) }).data,
    ).toEqual(Float64Array.from(outputs.data));
  });

  test.prop([probabilities, temperatures])('keeps the order of classes', (predictions, t) => {
    const { data, rows, classes } = memberOutputs(predictions, 0);
    const tempered = applyTemperature({ data, rows, classes }, t).data;
    for (let i = 1; i < data.length; i++) {
      if (i % classes !== 0 && data[i]! >= data[i - 1]!) {
        expect(tempered[i]!).toBeGreaterThanOrEqual(tempered[i - 1]! * (1 - 1e-12));
      }
    }
  });

  it.each([0, -1, NaN, Infinity])('refuses %f', (temperature) => {
    const outputs = { data: Float64Array.of(1, 0), rows: 1, classes: 2 };
    expect(() => applyTemperature(outputs, temperature)).toThrow(RangeError);
  });
});

describe('leastNllTemperature', () => {
  test.prop([labelled, temperatures])('has no better neighbour', ([predictions, labels], other) => {
    const outputs = memberOutputs(predictions, 0);
    const fitted = nll(applyTemperature(outputs, leastNllTemperature(outputs, labels)), labels);
    expect(nll(applyTemperature(outputs, other), labels)).toBeGreaterThanOrEqual(fitted - 1e-12);
  });

  it('undoes a temperature', () => {
    const { probabilities: predictions, labels } = makeCase('large', 4);
    const outputs = memberOutputs(predictions, 0);
    const fitted = leastNllTemperature(outputs, labels);
    const flat = applyTemperature(outputs, 3);
    expect(leastNllTemperature(flat, labels)).toBeCloseTo(fitted / 3, 9);
  });

  it.each([
    ['rows that are all right', [0.9, 0.1, 0.2, 0.8], [0, 1], 0.01],
    ['rows that are all wrong', [0.9, 0.1, 0.2, 0.8], [1, 0], 100],
    ['uniform rows', [0.5, 0.5, 0.5, 0.5], [1, 0], 1],
  ])('stays in its range for %s', (_, data, labels, expected) => {
    const outputs = { data: Float64Array.from(data), rows: 2, classes: 2 };
    expect(leastNllTemperature(outputs, labels)).toBeCloseTo(expected, 12);
    expect(fitTemperature(outputs, labels)).toBe(1);
  });
});

describe('crossValidateTemperature', () => {
  it('holds out every row once, and says the same again', () => {
    const { probabilities: predictions, labels } = makeCase('large', 4);
    const outputs = memberOutputs(predictions, 0);
    const result = crossValidateTemperature(outputs, labels, { folds: 4, seed: 3 });
    expect(result.foldTemperatures).toHaveLength(4);
    expect(result.temperature).toBe(leastNllTemperature(outputs, labels));
    expect(result.nllBefore).toBe(nll(outputs, labels));
    // What is fitted on the rows themselves flatters.
    const flattering = nll(applyTemperature(outputs, result.temperature), labels);
    expect(result.nll).toBeGreaterThan(flattering);
    expect(crossValidateTemperature(outputs, labels, { folds: 4, seed: 3 })).toEqual(result);
  });

  it('refuses more folds than rows', () => {
    const outputs = unstack(Float64Array.of(0.5, 0.5), { members: 1, rows: 1, classes: 2 });
    expect(() => crossValidateTemperature(memberOutputs(outputs, 0), [0])).toThrow(RangeError);
  });
});
