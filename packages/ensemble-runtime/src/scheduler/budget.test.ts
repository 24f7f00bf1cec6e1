import { expect, it } from 'vitest';
import { byteBudget } from './budget.ts';

it('admits while there is room, and again when some was given back', () => {
  const { admit, release, held } = byteBudget(640);
  const charges = Array.from({ length: 64 }, () => admit(9));
  expect(charges).toEqual(Array.from({ length: 64 }, () => 9));
  expect(held()).toBe(576);
  expect([admit(9), admit(9), admit(9), admit(9), admit(9), admit(9), admit(9), admit(9)]).toEqual([
    9,
    9,
    9,
    9,
    9,
    9,
    9,
    undefined,
  ]);
  release(9);
  expect(admit(9)).toBe(9);
});

it('leaves a quarter to small requests, whatever large ones hold', () => {
  const { admit } = byteBudget(640);
  expect([admit(400), admit(200), admit(80)]).toEqual([400, undefined, 80]);
  expect(admit(9)).toBe(9);
});

it('admits a request larger than all of it where no other large one is held', () => {
  const { admit, release } = byteBudget(640);
  const charge = admit(10_000);
  expect(charge).toBe(480);
  expect([admit(10_000), admit(10), admit(9)]).toEqual([undefined, undefined, 9]);
  release(charge!);
  expect(admit(10_000)).toBe(480);
});
