export interface Point {
  readonly x: readonly [number, number];
  readonly label: 0 | 1;
}

/** A generator of numbers in [0, 1) that gives the same ones for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Two noisy spiral arms, `count` points in all. */
export function spirals(count: number, seed: number): Point[] {
  const next = random(seed);
  return Array.from({ length: count }, (_, index) => {
    const label = index % 2 === 0 ? 0 : 1;
    const radius = 0.15 + 0.85 * next();
    const angle = 5 * radius + Math.PI * label;
    const noise = (): number => 0.5 * (next() - 0.5);
    return { x: [radius * Math.cos(angle) + noise(), radius * Math.sin(angle) + noise()], label };
  });
}
