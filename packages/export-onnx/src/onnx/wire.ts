import type { Allocate } from './scratch.ts';

// Protocol Buffers wire format: https://protobuf.dev/programming-guides/encoding/

/** Bytes that are made when they are written; `byteLength` is known before. */
export interface LazyBytes {
  readonly byteLength: number;
  readonly read: (allocate?: Allocate) => Uint8Array;
  /** To be awaited before `read`, where the bytes are not at hand. */
  readonly prepare?: () => Promise<void>;
}

/** A message as a list of pieces, so that large tensors pass through uncopied. */
export interface Message {
  readonly byteLength: number;
  readonly pieces: readonly (Uint8Array | LazyBytes)[];
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

const encoder = new TextEncoder();

export function message(fields: readonly (Message | Uint8Array)[]): Message {
  let byteLength = 0;
  for (const field of fields) byteLength += field.byteLength;
  return {
    byteLength,
    pieces: fields.flatMap((field) => (field instanceof Uint8Array ? [field] : field.pieces)),
  };
}

export function nested(field: number, content: Message): Message {
  const head = concat([varint(tag(field, LENGTH_DELIMITED)), varint(content.byteLength)]);
  return {
    byteLength: head.byteLength + content.byteLength,
    pieces: [head, ...content.pieces],
  };
}

export function lazyBytes(field: number, content: LazyBytes): Message {
  return nested(field, { byteLength: content.byteLength, pieces: [content] });
}

export function bytes(field: number, content: Uint8Array): Uint8Array {
  return concat([varint(tag(field, LENGTH_DELIMITED)), varint(content.byteLength), content]);
}

export function text(field: number, content: string): Uint8Array {
  return bytes(field, encoder.encode(content));
}

export function integer(field: number, value: number): Uint8Array {
  return concat([varint(tag(field, VARINT)), varint(value)]);
}

export function float32(field: number, value: number): Uint8Array {
  return concat([varint(tag(field, FIXED_32)), littleEndianFloat(value)]);
}

/** Repeated integers, unpacked as proto2 has them: one tag each. */
export function integers(field: number, values: readonly number[]): Uint8Array {
  return concat(values.map((value) => integer(field, value)));
}

export function floats32(field: number, values: readonly number[]): Uint8Array {
  return concat(values.map((value) => float32(field, value)));
}

function tag(field: number, wireType: number): number {
  return field * 8 + wireType;
}

function littleEndianFloat(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setFloat32(0, value, true);
  return out;
}

/** A safe integer, base 128, least group first; a negative one as 64-bit two's complement. */
function varint(value: number): Uint8Array {
  const groups: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const group = Number(rest & 127n);
    rest >>= 7n;
    groups.push(rest > 0n ? group | 128 : group);
  } while (rest > 0n);
  return Uint8Array.from(groups);
}

/** The parts, one after another. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}
