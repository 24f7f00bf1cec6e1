const bits = new Uint32Array(1);
const value = new Float32Array(bits.buffer);

/** Largest finite float16. */
const LARGEST = 65_504;

/** The bits of the nearest float16, ties to even; what is too large becomes ±65,504, NaN stays NaN. IEEE 754-2019, §3.6. */
export function halfOf(number: number): number {
  value[0] = Math.max(-LARGEST, Math.min(LARGEST, number));
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const exponent = (word >>> 23) & 0xff;
  const fraction = word & 0x7fffff;
  if (exponent === 0xff) return 0x7e00;
  const shifted = exponent - 127 + 15;
  if (shifted >= 1) return sign + roundedShift(shifted * 2 ** 23 + fraction, 13);
  // Below the smallest normal float16: the point moves, until nothing is left.
  return shifted < -10 ? sign : sign + roundedShift(fraction + 0x800000, 14 - shifted);
}

/** `word >> places`, rounded to nearest, ties to even. */
function roundedShift(word: number, places: number): number {
  const half = 2 ** (places - 1);
  const kept = Math.floor(word / (2 * half));
  const rest = word - kept * 2 * half;
  return kept + (rest > half || (rest === half && kept % 2 === 1) ? 1 : 0);
}
