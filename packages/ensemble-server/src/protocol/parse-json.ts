import { badRequest } from '../errors.ts';

/** What a request's JSON may hold before it is parsed: hostile text must not become gigabytes of objects. */
export interface JsonLimits {
  readonly maxDepth: number;
  readonly maxValues: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACKET = 0x5d;
const CLOSE_BRACE = 0x7d;

/** Parses UTF-8 JSON within the limits. Throws `ServerError('invalid-request')`. */
export function parseJson(bytes: Uint8Array, limits: JsonLimits): unknown {
  if (bytes.length === 0)
    throw badRequest('Cannot read the request: its body is empty; it must be a JSON object.');
  checkLimits(bytes, limits);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? cause.message : 'it is not UTF-8';
    throw badRequest(
      `Cannot read the request: its JSON does not parse (${reason}). NaN and Infinity are not JSON; send such tensors as binary data.`,
    );
  }
}

function checkLimits(bytes: Uint8Array, { maxDepth, maxValues }: JsonLimits): void {
  let depth = 0;
  let values = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === COMMA) {
      values++;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
      values++;
      if (++depth > maxDepth)
        throw badRequest(`Cannot read the request: its JSON is nested deeper than ${maxDepth}.`);
    } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
      depth--;
    }
  }
  if (values > maxValues)
    throw badRequest(
      `Cannot read the request: its JSON holds more than ${maxValues} values. Send large tensors as binary data.`,
    );
}
