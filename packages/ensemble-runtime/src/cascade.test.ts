import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadEnsemble, type Ensemble, type Prediction, type Tensors } from './index.ts';

// Made with Python's onnx and NumPy: conformance/serving/make_cascade.py
const golden = new URL('../../../conformance/serving/golden/', import.meta.url);
const expected = JSON.parse(
  await readFile(new URL('cascade.expected.json', golden), 'utf8'),
) as Record<string, unknown[]>;
const numbers = (name: string): number[] => expected[name]!.flat(9) as number[];
const x = Float32Array.from(numbers('x'));
const membersUsed = numbers('members_used');
const ROWS = membersUsed.length;

// float32 arithmetic against NumPy's float64.
const TOLERANCE = 1e-6;

function largestDifference(outputs: Tensors, from: (name: string) => number[], start = 0): number {
  let largest = 0;
  for (const [name, { data, dims }] of Object.entries(outputs)) {
    const size = data.length / dims[0]!;
    Array.from(data, Number).forEach((value, index) => {
      const difference = Math.abs(value - from(name)[start * size + index]!);
      // Not Math.max: a NaN must not get lost.
      if (!(difference <= largest)) largest = difference;
    });
  }
  return largest;
}

describe.each(['separate', 'staged'])('a cascade of %s graphs', (form) => {
  let ensemble: Ensemble;
  beforeAll(async () => {
    ensemble = await loadEnsemble(new URL(form, golden), { executor: 'thread' });
  });
  afterAll(() => ensemble.close());

  it('answers each row from the members that NumPy ran for it', async () => {
    const answer = await ensemble.predict(x);
    expect([...answer.membersUsed]).toEqual(membersUsed);
    expect(largestDifference(answer.outputs, numbers)).toBeLessThan(TOLERANCE);
  });

  it('puts the survivors of many requests into one batch', async () => {
    const { batches } = ensemble.stats();
    const row = (index: number): Promise<Prediction> =>
      ensemble.predict(x.slice(4 * index, 4 * index + 4));
    const answers = await Promise.all(Array.from({ length: ROWS }, (_, index) => row(index)));
    answers.forEach((answer, index) => {
      expect([...answer.membersUsed]).toEqual([membersUsed[index]]);
      expect(largestDifference(answer.outputs, numbers, index)).toBeLessThan(TOLERANCE);
    });
    // The first row alone, the other 23, and the survivors of both: at most two batches a later stage.
    expect(ensemble.stats().batches - batches).toBeLessThanOrEqual(6);
  });

  it('runs all members where no row can be sure enough', async () => {
    const { outputs, membersUsed: used } = await ensemble.predict(x, {
      confidence: 2,
      outputs: ['probs'],
    });
    expect(new Set(used)).toEqual(new Set([3]));
    expect(largestDifference(outputs, () => numbers('full'))).toBeLessThan(TOLERANCE);
    const off = await loadEnsemble(new URL(form, golden), { executor: 'thread', cascade: 'off' });
    const whole = await off.predict(x, { outputs: ['probs'] });
    await off.close();
    expect(whole.outputs['probs']!.data).toEqual(outputs['probs']!.data);
    expect(whole.membersUsed).toEqual(used);
  });

  it('stops at the members that a request allows', async () => {
    const limited = await ensemble.predict(x, { maxMembers: 2, confidence: 2 });
    expect(new Set(limited.membersUsed)).toEqual(new Set([2]));
    const both = await ensemble.predict(x, { maxMembers: 2 });
    expect([...both.membersUsed]).toEqual(membersUsed.map((used) => Math.min(used, 2)));
    const one = await ensemble.predict(x, { confidence: 0 });
    expect(new Set(one.membersUsed)).toEqual(new Set([1]));
  });

  it('warms up every graph', async () => {
    await ensemble.warmUp();
  });
});

describe('separate graphs', () => {
  it('give each member its say, and refuse the request alone that is not finite', async () => {
    const ensemble = await loadEnsemble(new URL('separate', golden), { executor: 'thread' });
    const { probs } = await ensemble.predictMembers(x);
    expect(largestDifference({ 'probs.members': probs! }, numbers)).toBeLessThan(TOLERANCE);
    const bad = Float32Array.of(NaN, 1, 2, 3);
    const [first, second, third, fourth] = await Promise.allSettled([
      ensemble.predict(x),
      ensemble.predict(bad),
      ensemble.predict(bad, { allowNonFinite: true }),
      ensemble.predict(x),
    ]);
    for (const answer of [first, fourth]) {
      if (answer.status === 'rejected') throw answer.reason;
      expect([...answer.value.membersUsed]).toEqual(membersUsed);
    }
    expect(second).toMatchObject({ reason: { code: 'non-finite-input' } });
    expect(third).toMatchObject({ value: { membersUsed: Uint32Array.of(3) } });
    await ensemble.close();
  });
});

describe('a fused graph', () => {
  it('refuses a confidence, at which it cannot stop', async () => {
    const ensemble = await loadEnsemble(new URL('tiny', golden), { executor: 'thread' });
    await expect(ensemble.predict(x, { confidence: 0.9 })).rejects.toMatchObject({
      code: 'invalid-input',
    });
    await ensemble.close();
  });
});
