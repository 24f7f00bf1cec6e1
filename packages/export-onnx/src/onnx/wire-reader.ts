import { ExportError } from '../errors.ts';

/** One field of a message: its number and what it holds, by wire type. */
export type WireField =
  | { readonly field: number; readonly type: 'varint'; readonly value: bigint }
  | { readonly field: number; readonly type: 'bytes'; readonly value: Uint8Array }
  | { readonly field: number; readonly type: 'fixed32' | 'fixed64'; readonly value: Uint8Array };

function invalid(problem: string): ExportError {
  return new ExportError(
    'invalid-onnx',
    `Cannot read the ONNX file: ${problem}. It was cut off, or is no ONNX file.`,
  );
}

/** The fields of a message in the order of the file. Throws `ExportError('invalid-onnx')`; never reads past the end. */
export function* readFields(message: Uint8Array): Generator<WireField> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw invalid('a number runs past the end');
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw invalid('a number is longer than 64 bits');
  };
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) throw invalid(`a field of ${length} bytes runs past the end`);
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = Number(varint());
    const field = Math.floor(tag / 8);
    if (field === 0) throw invalid('a field has number 0');
    switch (tag % 8) {
      case 0:
        yield { field, type: 'varint', value: varint() };
        break;
      case 1:
        yield { field, type: 'fixed64', value: take(8) };
        break;
      case 2:
        yield { field, type: 'bytes', value: take(Number(varint())) };
        break;
      case 5:
        yield { field, type: 'fixed32', value: take(4) };
        break;
      default:
        throw invalid(`wire type ${tag % 8} is unknown`);
    }
  }
}
