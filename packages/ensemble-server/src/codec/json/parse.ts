import { badRequest } from '../../errors.ts';
import type { NumberList } from '../../protocol/messages.ts';
import type { JsonObject } from './fields.ts';
import { asBuffer, readNumbers, tooMany, unexpected, type NumberLimits } from './numbers.ts';

/** Bounds that keep a small body from costing much. */
export type JsonLimits = NumberLimits;

/** Numbers of an input, already taken out of their nested arrays. */
export class Numbers {
  readonly list: NumberList;
  constructor(list: NumberList) {
    this.list = list;
  }
}

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Where in an infer request a value stands: the arrays of numbers are found by it. */
type RequestPosition = 'root' | 'inputs' | 'input' | 'elsewhere';

/** Texts that JSON.parse reads as this parser does: ASCII without escapes, and no arrays of numbers among them, which come as `Numbers` here. */
const MAX_PLAIN_BYTES = 4096;
const NOT_PLAIN = /[^ -~\n\r\t]|\\|"data"/;

/** Short JSON by the engine's own parser, which is several times as fast; undefined where that would not do. */
function parsePlain(bytes: Buffer, { maxDepth, maxValues }: JsonLimits): unknown {
  if (bytes.length > MAX_PLAIN_BYTES || bytes.length > maxValues) return undefined;
  const text = bytes.toString('latin1');
  if (NOT_PLAIN.test(text)) return undefined;
  let opened = 0;
  for (const byte of bytes) if (byte === OPEN_BRACE || byte === OPEN_BRACKET) opened++;
  if (opened > maxDepth) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // The parser below says what is wrong, and where.
    return undefined;
  }
}

/**
 * Parses the JSON of an infer request: as `JSON.parse`, but that `inputs[…].data` comes as `Numbers`. Read own properties only.
 * Throws `ServerError('invalid-request')`.
 */
export function parseInferJson(body: Uint8Array, limits: JsonLimits): unknown {
  const bytes = asBuffer(body);
  if (bytes.length === 0) throw badRequest('its body is empty; it must be a JSON object.');
  const plain = parsePlain(bytes, limits);
  if (plain !== undefined) return plain;
  const { maxDepth, maxValues } = limits;
  let at = 0;
  let valuesLeft = maxValues;

  const skipSpace = (): number => {
    for (;;) {
      const byte = bytes[at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte ?? -1;
      at++;
    }
  };

  const parseValue = (depth: number, position: RequestPosition, where: string): unknown => {
    const byte = skipSpace();
    if (--valuesLeft < 0) throw tooMany(maxValues);
    if (byte === OPEN_BRACE) return parseObject(depth + 1, position, where);
    if (byte === OPEN_BRACKET) return parseArray(depth + 1, position, where);
    if (byte === QUOTE) return parseString(where);
    return parseScalar(where);
  };

  const parseObject = (depth: number, position: RequestPosition, where: string): JsonObject => {
    if (depth > maxDepth) throw tooDeep(maxDepth);
    const object = Object.create(null) as Record<string, unknown>;
    at++;
    if (skipSpace() === CLOSE_BRACE) {
      at++;
      return object;
    }
    for (;;) {
      if (skipSpace() !== QUOTE) throw unexpected(bytes, at, `a key of ${where}`);
      const key = parseString(where);
      if (skipSpace() !== COLON) throw unexpected(bytes, at, `what follows the key "${key}"`);
      at++;
      const inside = position === 'root' ? key : `${where}.${key}`;
      if (position === 'input' && key === 'data' && skipSpace() === OPEN_BRACKET) {
        const precision = object['datatype'] === 'FP32' ? 'float32' : 'double';
        const used = { depth, values: maxValues - valuesLeft };
        const { list, end } = readNumbers(bytes, at, inside, precision, limits, used);
        valuesLeft -= list.values.length;
        at = end;
        object[key] = new Numbers(list);
      } else {
        const next = position === 'root' && key === 'inputs' ? 'inputs' : 'elsewhere';
        object[key] = parseValue(depth, next, inside);
      }
      const byte = skipSpace();
      at++;
      if (byte === CLOSE_BRACE) return object;
      if (byte !== COMMA) throw unexpected(bytes, at - 1, `what follows ${inside}`);
    }
  };

  const parseArray = (
    depth: number,
    position: RequestPosition,
    where: string,
  ): readonly unknown[] => {
    if (depth > maxDepth) throw tooDeep(maxDepth);
    const array: unknown[] = [];
    at++;
    if (skipSpace() === CLOSE_BRACKET) {
      at++;
      return array;
    }
    const next = position === 'inputs' ? 'input' : 'elsewhere';
    for (;;) {
      array.push(parseValue(depth, next, `${where}[${array.length}]`));
      const byte = skipSpace();
      at++;
      if (byte === CLOSE_BRACKET) return array;
      if (byte !== COMMA)
        throw unexpected(bytes, at - 1, `what follows ${where}[${array.length - 1}]`);
    }
  };

  /** Strings without escapes and beyond ASCII are cut out; the others are left to JSON.parse. */
  const parseString = (where: string): string => {
    const start = at;
    let isPlain = true;
    for (;;) {
      const byte = bytes[++at];
      if (byte === QUOTE) break;
      if (byte === undefined) throw unexpected(bytes, at, where);
      if (byte === BACKSLASH) {
        isPlain = false;
        at++;
      } else if (byte < 0x20 || byte > 0x7e) isPlain = false;
    }
    at++;
    return isPlain
      ? bytes.toString('latin1', start + 1, at - 1)
      : (native(bytes.subarray(start, at), where) as string);
  };

  const parseScalar = (where: string): unknown => {
    const start = at;
    while (at < bytes.length && isScalarByte(bytes[at]!)) at++;
    if (at === start) throw unexpected(bytes, start, where);
    try {
      return JSON.parse(bytes.toString('latin1', start, at));
    } catch {
      throw unexpected(bytes, start, where);
    }
  };

  const value = parseValue(0, 'root', 'the body');
  if (skipSpace() !== -1) throw unexpected(bytes, at, 'what follows the end of the JSON');
  return value;
}

function tooDeep(maxDepth: number): Error {
  return badRequest(`its JSON is nested deeper than ${maxDepth}.`);
}

/** Letters, digits, sign and point: all that numbers, `true`, `false` and `null` are made of. */
function isScalarByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  );
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function native(slice: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(utf8.decode(slice));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? 'is not a JSON string' : 'is not UTF-8';
    throw badRequest(`its JSON does not parse: a string in ${where} ${reason}.`);
  }
}
