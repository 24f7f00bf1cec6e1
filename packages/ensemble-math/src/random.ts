/** Uniform integers in `[0, bound)`: each call draws one. */
export type RandomInteger = (bound: number) => number;

/** xoshiro128** (Blackman and Vigna 2021), seeded by splitmix32: the same integers everywhere for the same seed. */
export function seededIntegers(seed: number): RandomInteger {
  const state = new Uint32Array(4);
  for (let i = 0; i < 4; i++) state[i] = splitmix32(seed + (i + 1) * 0x9e3779b9);
  return (bound) => Math.floor((next(state) / 2 ** 32) * bound);
}

/** The integers `[0, count)` in random order. */
export function shuffled(count: number, random: RandomInteger): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

function next(state: Uint32Array): number {
  const one = state[1]!;
  const result = Math.imul(rotate(Math.imul(one, 5), 7), 9) >>> 0;
  state[2] = state[2]! ^ state[0]!;
  state[3] = state[3]! ^ one;
  state[1] = one ^ state[2];
  state[0] = state[0]! ^ state[3];
  state[2] = state[2] ^ (one << 9);
  state[3] = rotate(state[3], 11);
  return result;
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

function splitmix32(seed: number): number {
  let z = seed | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return z ^ (z >>> 15);
}
