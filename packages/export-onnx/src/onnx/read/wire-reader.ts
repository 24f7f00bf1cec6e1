import { ExportError } from '../../errors.ts';

/** One field of a message: its number, what it holds by wire type, and where it stands, `[start, end)`, tag included. */
export type WireField = { readonly field: number; readonly start: number; readonly end: number } & (
  | { readonly type: 'varint'; readonly value: bigint }
  | { readonly type: 'bytes' | 'fixed32' | 'fixed64'; readonly value: Uint8Array }
);

export function invalid(problem: string): ExportError {
  return new ExportError(
    'invalid-onnx',
    `Cannot read the ONNX file: ${problem}. It is truncated or not an ONNX file.`,
  );
}

/** A number in base 128 at `at`, least group first, and where it ends. */
export function readVarint(bytes: Uint8Array, at: number): { value: bigint; end: number } {
  const last = Math.min(at + MAX_VARINT_BYTES, bytes.length);
  let small = 0;
  for (let index = at, unit = 1; index < Math.min(last, at + SAFE_VARINT_BYTES); index++) {
    const byte = bytes[index]!;
    small += (byte & 127) * unit;
    if (byte < 128) return { value: BigInt(small), end: index + 1 };
    unit *= 128;
  }
  let value = BigInt(small);
  for (let index = at + SAFE_VARINT_BYTES; index < last; index++) {
    const byte = bytes[index]!;
    value |= BigInt(byte & 127) << BigInt(7 * (index - at));
    if (byte < 128) return { value, end: index + 1 };
  }
  throw invalid(
    last === bytes.length ? 'a number runs past the end' : 'a number is longer than 64 bits',
  );
}

// 70 bits hold any 64; 49 bits are exact in a double.
const [MAX_VARINT_BYTES, SAFE_VARINT_BYTES] = [10, 7];

/** The fields of a message in the order of the file. Throws `ExportError('invalid-onnx')`; never reads past the end. */
export function* readFields(message: Uint8Array): Generator<WireField> {
  let at = 0;
  while (at < message.length) {
    const start = at;
    const head = readVarint(message, at);
    const tag = Number(head.value);
    const [field, wireType] = [Math.floor(tag / 8), tag % 8];
    if (field === 0) throw invalid('a field has number 0');
    if (wireType === 0) {
      const { value, end } = readVarint(message, head.end);
      at = end;
      yield { field, start, end, type: 'varint', value };
      continue;
    }
    const { type, from, length } = extentOf(message, head.end, wireType);
    if (length > message.length - from)
      throw invalid(`a field of ${length} bytes runs past the end`);
    at = from + length;
    yield { field, start, end: at, type, value: message.subarray(from, at) };
  }
}

/** What a field that is no varint holds, and where. */
function extentOf(
  message: Uint8Array,
  at: number,
  wireType: number,
): { type: 'bytes' | 'fixed32' | 'fixed64'; from: number; length: number } {
  if (wireType === 1) return { type: 'fixed64', from: at, length: 8 };
  if (wireType === 5) return { type: 'fixed32', from: at, length: 4 };
  if (wireType !== 2) throw invalid(`wire type ${wireType} is unknown`);
  const { value, end } = readVarint(message, at);
  return { type: 'bytes', from: end, length: Number(value) };
}
