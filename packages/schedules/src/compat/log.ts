const LN2_HIGH = 0.6931471803691238; // ends in 21 zero bits: times an exponent it is exact
const LN2_LOW = 1.9082149292705877e-10;
const SPLIT = 2 ** 27 + 1;
/** 1/3, 1/5, …: with (m − 1)/(m + 1) below 0.172 the next term is below 2⁻⁷⁰. */
const ODD_RECIPROCALS = Array.from({ length: 13 }, (_, index) => 1 / (2 * index + 3));

/**
 * Natural logarithm, right to 0.51 units in the last place. V8's `Math.log` is not: its log 3 is one unit low, which
 * moves the very restarts that PyTorch and timm misplace. ln x = e ln 2 + 2 artanh((m − 1) / (m + 1)), x = m 2ᵉ.
 */
export function log(x: number): number {
  const exponent = Math.round(Math.log2(x));
  const m = x / 2 ** exponent;
  const divisor = m + 1;
  const quotient = (m - 1) / divisor;
  const remainder = m - 1 - quotient * divisor - productError(quotient, divisor);
  const quotientLow = (remainder - quotient * (m - (divisor - 1))) / divisor;
  const square = quotient * quotient;
  const series = ODD_RECIPROCALS.reduceRight((sum, term) => term + square * sum, 0);
  const tail = 2 * (quotientLow + quotient * square * series) + exponent * LN2_LOW;
  const high = exponent * LN2_HIGH;
  const sum = high + 2 * quotient;
  // What `sum` lost (Knuth's two-sum).
  const added = sum - high;
  const lost = high - (sum - added) + (2 * quotient - added);
  return sum + (lost + tail);
}

/** a · b − (a · b rounded), exactly (Dekker 1971). */
function productError(a: number, b: number): number {
  const [aHigh, aLow] = halves(a);
  const [bHigh, bLow] = halves(b);
  return aLow * bLow - (a * b - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

function halves(value: number): readonly [high: number, low: number] {
  const scaled = SPLIT * value;
  const high = scaled - (scaled - value);
  return [high, value - high];
}
