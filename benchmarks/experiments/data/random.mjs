// @ts-check

/**
 * Numbers in [0, 1) that depend on the seed alone: SplitMix32, Steele et al. 2014.
 *
 * @param {number} seed
 */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

/**
 * A standard normal number: Box and Muller 1958.
 *
 * @param {() => number} random
 */
export function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/**
 * 0 … count − 1 in an order that depends on the seed alone.
 *
 * @param {number} count
 * @param {number} seed
 */
export function shuffled(count, seed) {
  const indices = Uint32Array.from({ length: count }, (_, index) => index);
  const random = seeded(seed);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [indices[last], indices[other]] = [indices[other], indices[last]];
  }
  return indices;
}
