// 10^0 … 10^9: what a float32 is scaled by to try its digits.
const POWERS = Float64Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);
const [FEWEST, MOST] = [6, 9];

/**
 * The shortest decimal text that reads back as the same float32 (which must be finite): `0.1`, not the `0.10000000149011612` of a double.
 * Nine digits tell any two float32 values apart.
 */
export function shortestFloat32(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e9)
    return value === 0 && Object.is(value, -0) ? '-0' : String(value);
  const size = Math.abs(value);
  // Where scaling by a power of ten is exact enough: the usual range of probabilities and their logarithms.
  if (size >= 1e-5 && size < 1e6) {
    const whole = size >= 1 ? Math.floor(Math.log10(size)) + 1 : Math.ceil(Math.log10(size));
    for (let digits = FEWEST; digits < MOST; digits++) {
      const scale = POWERS[digits - whole]!;
      const short = Math.round(value * scale) / scale;
      if (Math.fround(short) === value) return String(short);
    }
    return String(Number(value.toPrecision(MOST)));
  }
  for (let digits = FEWEST; digits < MOST; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(MOST)));
}
