// @ts-check

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Half-precision bits, rounded to nearest: predictions are kept so. @param {ArrayLike<number>} values */
export function toFloat16(values) {
  return Uint16Array.from(values, (value) => {
    float[0] = value;
    const sign = (bits[0] >>> 16) & 0x8000;
    // Below 2^-14 a half is subnormal: a multiple of 2^-24.
    const size = Math.min(Math.abs(value), 65504);
    if (size < 2 ** -14) return sign | Math.round(size * 2 ** 24);
    float[0] = size;
    return sign | ((bits[0] - 0x38000000 + 0x0fff + ((bits[0] >>> 13) & 1)) >>> 13);
  });
}

/** @param {Uint16Array} halves */
export function fromFloat16(halves) {
  return Float32Array.from(halves, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >>> 10) & 31;
    const fraction = half & 1023;
    return (
      sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
    );
  });
}
