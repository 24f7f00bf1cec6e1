/** Uniform numbers in [0, 1), the same for the same seed (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Gaussian numbers of mean 0 and deviation 1 (Box & Muller 1958). */
export function gaussian(seed: number): () => number {
  const next = uniform(seed);
  return () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

/** The order in which an epoch sees the rows: a function of seed and epoch, so a resumed run finds it again. */
export function shuffledRows(count: number, seed: number, epoch: number): Uint32Array {
  const next = uniform(Math.imul(seed + 1, 0x9e3779b1) + epoch);
  const rows = Uint32Array.from({ length: count }, (_, row) => row);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = Math.floor(next() * (last + 1));
    const kept = rows[last]!;
    rows[last] = rows[other]!;
    rows[other] = kept;
  }
  return rows;
}
