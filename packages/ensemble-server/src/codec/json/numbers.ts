import { badRequest } from '../../errors.ts';
import type { NumberList } from '../../protocol/messages.ts';

/**
 * How exact numbers must be: as doubles, or so that rounding to float32 gives what it gives for the exact number. The second is twice as fast
 * for numbers of 16 digits and more, which is how most languages write a float32.
 */
export type Precision = 'double' | 'float32';

export interface NumberLimits {
  readonly maxDepth: number;
  readonly maxValues: number;
}

const [MINUS, PLUS, POINT, COMMA, ZERO, NINE] = [0x2d, 0x2b, 0x2e, 0x2c, 0x30, 0x39];
const [OPEN, CLOSE, LOWER_E, UPPER_E] = [0x5b, 0x5d, 0x65, 0x45];
const [SPACE, TAB, LINE_FEED, RETURN] = [0x20, 0x09, 0x0a, 0x0d];

// Powers of ten that a double holds exactly.
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const MAX_POWER = 22;
// Two groups of digits that an int32 holds; what follows changes no float32 and hardly ever a double.
const GROUP = 9;
// Up to 15 digits and one exact power of ten make a correctly rounded double (Clinger 1990).
const EXACT_DIGITS = 15;
// The two groups, their sum and the power of ten are each rounded once, and digits behind the 18th are cut off.
const ERROR = 2 ** -49;

/**
 * Reads nested arrays of numbers (`true` and `false` count as 1 and 0) that begin at `bytes[start]`, without making the arrays. `end` is the
 * position behind them. Throws `ServerError('invalid-request')`; `where` names the array in it.
 */
export function readNumbers(
  bytes: Uint8Array,
  start: number,
  where: string,
  precision: Precision,
  { maxDepth, maxValues }: NumberLimits,
  used: { readonly depth: number; readonly values: number },
): { readonly list: NumberList; readonly end: number } {
  const isFloat32 = precision === 'float32';
  let values = new Float64Array(1024);
  let count = 0;
  let booleans = 0;
  let depth = used.depth;
  let at = start;
  // Before the first value of an array, behind a value, behind a comma.
  let state: 'first' | 'behind' | 'next' = 'next';
  for (;;) {
    let byte = bytes[at]!;
    if (byte === SPACE || byte === LINE_FEED || byte === RETURN || byte === TAB) {
      at++;
    } else if (byte === COMMA && state === 'behind') {
      state = 'next';
      at++;
    } else if (byte === CLOSE && state !== 'next') {
      at++;
      state = 'behind';
      if (--depth > used.depth) continue;
      if (used.values + count > maxValues) throw tooMany(maxValues);
      return { list: { values: values.subarray(0, count), booleans }, end: at };
    } else if (state === 'behind') {
      throw unexpected(bytes, at, `${where} after element ${count - 1}`);
    } else if (byte === OPEN) {
      if (++depth > maxDepth) throw badRequest(`its JSON is nested deeper than ${maxDepth}.`);
      state = 'first';
      at++;
    } else {
      if (count === values.length) {
        if (used.values + count >= maxValues) throw tooMany(maxValues);
        // The rest of the body bounds it: an element takes two bytes or more.
        const more = Math.min(count * 4, count + ((bytes.length - at) >> 1) + 1);
        const larger = new Float64Array(more);
        larger.set(values);
        values = larger;
      }
      const from = at;
      const isNegative = byte === MINUS;
      if (isNegative) byte = bytes[++at]!;
      if (!(byte >= ZERO && byte <= NINE)) {
        const literal = isNegative ? undefined : readBoolean(bytes, at);
        if (literal === undefined) throw unexpected(bytes, from, `element ${count} of ${where}`);
        values[count++] = literal ? 1 : 0;
        booleans++;
        at += literal ? 4 : 5;
        state = 'behind';
        continue;
      }
      let high = 0;
      let low = 0;
      let digits = 0;
      let scale = 0;
      if (byte === ZERO) {
        byte = bytes[++at]!;
        if (byte >= ZERO && byte <= NINE)
          throw unexpected(bytes, from, `element ${count} of ${where}`);
      } else {
        do {
          if (digits < GROUP) high = (Math.imul(high, 10) + byte - ZERO) | 0;
          else if (digits < 2 * GROUP) low = (Math.imul(low, 10) + byte - ZERO) | 0;
          else scale++;
          digits++;
          byte = bytes[++at]!;
        } while (byte >= ZERO && byte <= NINE);
      }
      if (byte === POINT) {
        byte = bytes[++at]!;
        if (!(byte >= ZERO && byte <= NINE))
          throw unexpected(bytes, from, `element ${count} of ${where}`);
        const point = at;
        // Zeros at the front are no digits of it.
        if (digits === 0) while (byte === ZERO) byte = bytes[++at]!;
        // Three loops, since one with the three cases in it is slower; what they counted follows from where they ended.
        const first = at - digits;
        const highEnd = first + GROUP;
        while (at < highEnd && byte >= ZERO && byte <= NINE) {
          high = (Math.imul(high, 10) + byte - ZERO) | 0;
          byte = bytes[++at]!;
        }
        const lowEnd = first + 2 * GROUP;
        while (at < lowEnd && byte >= ZERO && byte <= NINE) {
          low = (Math.imul(low, 10) + byte - ZERO) | 0;
          byte = bytes[++at]!;
        }
        // Behind 18 digits of a whole number, none of its fraction counts.
        if (digits <= 2 * GROUP) scale = point - at;
        while (byte >= ZERO && byte <= NINE) byte = bytes[++at]!;
        digits = at - first;
      }
      if (byte === LOWER_E || byte === UPPER_E) {
        byte = bytes[++at]!;
        const isSmall = byte === MINUS;
        if (isSmall || byte === PLUS) byte = bytes[++at]!;
        if (!(byte >= ZERO && byte <= NINE))
          throw unexpected(bytes, from, `element ${count} of ${where}`);
        let exponent = 0;
        do {
          if (exponent < 100_000) exponent = exponent * 10 + byte - ZERO;
          byte = bytes[++at]!;
        } while (byte >= ZERO && byte <= NINE);
        scale += isSmall ? -exponent : exponent;
      }
      let value = digits > GROUP ? high * POWERS[Math.min(digits, 2 * GROUP) - GROUP]! + low : high;
      let isExact = digits <= EXACT_DIGITS;
      if (scale > 0 && scale <= MAX_POWER) value *= POWERS[scale]!;
      else if (scale < 0 && scale >= -MAX_POWER) value /= POWERS[-scale]!;
      else if (scale !== 0 && value !== 0) isExact = false;
      if (!isExact) {
        const isSettled =
          isFloat32 &&
          scale >= -MAX_POWER &&
          scale <= MAX_POWER &&
          Math.fround(value * (1 - ERROR)) === Math.fround(value * (1 + ERROR));
        if (!isSettled) value = Math.abs(Number(asText(bytes, from, at)));
      }
      values[count++] = isNegative ? -value : value;
      state = 'behind';
    }
  }
}

export function tooMany(maxValues: number): Error {
  return badRequest(
    `its JSON holds more than ${maxValues} values. Send large tensors as binary data.`,
  );
}

/** The same bytes as Node's own kind of array, which makes strings of its parts. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readBoolean(bytes: Uint8Array, at: number): boolean | undefined {
  if (asText(bytes, at, at + 4) === 'true') return true;
  return asText(bytes, at, at + 5) === 'false' ? false : undefined;
}

function asText(bytes: Uint8Array, start: number, end: number): string {
  return asBuffer(bytes).toString('latin1', start, end);
}

// As much of a wrong element as helps to find it.
const MAX_SHOWN = 20;

/** An error that shows what stands at a position where something else must. */
export function unexpected(bytes: Uint8Array, at: number, where: string): Error {
  if (at >= bytes.length) return badRequest('its JSON does not parse: it ends too early.');
  const end = Math.min(bytes.length, at + MAX_SHOWN);
  const [found] = /^("[^"]*"|[^\s,\]}]*)/.exec(asText(bytes, at, end).replaceAll(/[^ -~]/g, '?'))!;
  const shown = found === '' ? asText(bytes, at, at + 1) : found;
  const hint = /^-?(nan|inf)/i.test(shown)
    ? ' NaN and Infinity are not JSON; send such tensors as binary data.'
    : '';
  return badRequest(`its JSON does not parse: ${where} is ${shown} (byte ${at}).${hint}`);
}
