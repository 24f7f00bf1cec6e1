import type { Allocate } from './scratch.ts';

// Protocol Buffers wire format: https://protobuf.dev/programming-guides/encoding/

/** Bytes that are made when they are written; `byteLength` is known before. */
export interface LazyBytes {
  readonly byteLength: number;
  readonly read: (allocate?: Allocate) => Uint8Array;
  /** To be awaited before `read`, where the bytes are not at hand. */
  readonly prepare?: () => Promise<void>;
}

/** A message as a list of pieces, so that large tensors pass through uncopied; what lies between them is in few. */
export interface Message {
  readonly byteLength: number;
  readonly pieces: readonly (Uint8Array | LazyBytes)[];
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;
// From here on a piece is not copied once more.
const LARGE_PIECE = 4096;
const LONGEST_RUN = 65_536;

const encoder = new TextEncoder();

/** The fields, one after another. Small pieces side by side become one: an array costs ten times the bytes of a name. */
export function message(fields: Iterable<Message | Uint8Array>): Message {
  const pieces: (Uint8Array | LazyBytes)[] = [];
  let byteLength = 0;
  let run: Uint8Array[] = [];
  let runBytes = 0;
  const endRun = (): void => {
    if (run.length > 0) pieces.push(run.length === 1 ? run[0]! : concat(run));
    run = [];
    runBytes = 0;
  };
  const add = (piece: Uint8Array | LazyBytes): void => {
    if (piece instanceof Uint8Array && piece.byteLength < LARGE_PIECE) {
      run.push(piece);
      runBytes += piece.byteLength;
      if (runBytes >= LONGEST_RUN) endRun();
    } else {
      endRun();
      pieces.push(piece);
    }
  };
  for (const field of fields) {
    byteLength += field.byteLength;
    if (field instanceof Uint8Array) add(field);
    else field.pieces.forEach(add);
  }
  endRun();
  return { byteLength, pieces };
}

export function nested(field: number, content: Message): Message {
  return message([tagged(field, LENGTH_DELIMITED, content.byteLength, 0).out, content]);
}

export function lazyBytes(field: number, content: LazyBytes): Message {
  return nested(field, { byteLength: content.byteLength, pieces: [content] });
}

export function bytes(field: number, content: Uint8Array): Uint8Array {
  const { out, offset } = tagged(field, LENGTH_DELIMITED, content.byteLength, content.byteLength);
  out.set(content, offset);
  return out;
}

export function text(field: number, content: string): Uint8Array {
  return bytes(field, encoder.encode(content));
}

export function integer(field: number, value: number): Uint8Array {
  return value < 0
    ? concat([varint(tag(field, VARINT)), varint(value)])
    : tagged(field, VARINT, value, 0).out;
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

/** A tag, a number from 0 on and room for what follows, in one array: a model of a thousand layers has tens of thousands. */
function tagged(
  field: number,
  wireType: number,
  value: number,
  room: number,
): { readonly out: Uint8Array; readonly offset: number } {
  const first = tag(field, wireType);
  const offset = varintLength(first) + varintLength(value);
  const out = new Uint8Array(offset + room);
  putVarint(out, putVarint(out, 0, first), value);
  return { out, offset };
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** A safe integer from 0 on, base 128, least group first; returns where it ends. */
function putVarint(out: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) out[at++] = (rest % 128) + 128;
  out[at++] = rest;
  return at;
}

/** A safe integer; a negative one as 64-bit two's complement. */
function varint(value: number): Uint8Array {
  if (value >= 0) {
    const out = new Uint8Array(varintLength(value));
    putVarint(out, 0, value);
    return out;
  }
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
