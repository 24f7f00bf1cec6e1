import { dtypeOfCode, dtypes, elementCount } from '../dtypes.ts';
import { StoreError } from '../store-error.ts';
import type { TensorSpec } from '../tensor.ts';

/** The limit of the reference implementation: a longer header is an attack or an accident. */
export const maxHeaderBytes = 100_000_000;

/** Bytes before the header: its length as a little-endian unsigned 64-bit integer. */
export const prefixBytes = 8;

/** A tensor and its bytes `[start, end)`, counted from the end of the header. */
export interface TensorEntry extends TensorSpec {
  readonly start: number;
  readonly end: number;
}

/** Free text that a file carries beside its tensors. */
export type Metadata = Readonly<Record<string, string>>;

export interface Header {
  /** In the order of their bytes. */
  readonly entries: readonly TensorEntry[];
  readonly metadata: Metadata;
}

/** Length of the header as the first eight bytes tell it, for a file of `fileBytes` bytes. */
export function parsePrefix(prefix: Uint8Array, fileBytes: number): number {
  if (fileBytes < prefixBytes || prefix.byteLength < prefixBytes) {
    throw damaged(
      `is ${fileBytes} bytes long; the length of the header alone takes ${prefixBytes}`,
    );
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefixBytes);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(Math.min(maxHeaderBytes, fileBytes - prefixBytes))) {
    throw damaged(
      `claims a header of ${length} bytes; the file has ${fileBytes}, and ${maxHeaderBytes} is the limit`,
    );
  }
  return Number(length);
}

/** Parses a header and checks that its tensors tile `[0, dataBytes)` without hole or overlap. */
export function parseHeader(json: Uint8Array, dataBytes: number): Header {
  const fields = parseObject(json);
  const { __metadata__: metadata, ...tensors } = fields;
  const entries = Object.entries(tensors).map(([name, value]) => parseEntry(name, value));
  if (!hasPlainNumbers(json)) throw damaged('a number in its header has a sign, point or exponent');
  entries.sort((a, b) => a.start - b.start || a.end - b.end);
  let position = 0;
  for (const { name, start, end } of entries) {
    if (start !== position) {
      const fault = start < position ? 'overlaps the tensor before it' : 'leaves a hole before it';
      throw damaged(
        `tensor ${quote(name)} at [${start}, ${end}) ${fault}, which ends at ${position}`,
      );
    }
    position = end;
  }
  if (position !== dataBytes) {
    throw damaged(`its tensors take ${position} bytes, but ${dataBytes} follow the header`);
  }
  return { entries, metadata: parseMetadata(metadata) };
}

/** The first bytes of a file: length and header, padded so that the tensors start at a multiple of 8. */
export function formatHeader(
  specs: readonly TensorSpec[],
  metadata: Metadata = {},
): Uint8Array<ArrayBuffer> {
  const names = new Set<string>();
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) fields.push(`"__metadata__":${JSON.stringify(metadata)}`);
  let position = 0;
  for (const { name, dtype, shape } of specs) {
    checkName(name, names);
    const end = position + elementCount(shape) * dtypes[dtype].bytes;
    const entry = { dtype: dtypes[dtype].code, shape, data_offsets: [position, end] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    position = end;
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const padded = Math.ceil(json.byteLength / 8) * 8;
  if (padded > maxHeaderBytes) {
    throw new RangeError(
      `Cannot write ${specs.length} tensors: their header takes ${padded} bytes, at most ${maxHeaderBytes} are allowed.`,
    );
  }
  const bytes = new Uint8Array(prefixBytes + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, prefixBytes);
  return bytes;
}

export function damaged(fault: string, options?: ErrorOptions): StoreError {
  return new StoreError('damaged', `Not a valid safetensors file: ${fault}.`, options);
}

function checkName(name: string, names: Set<string>): void {
  if (name === '__metadata__' || names.has(name) || /\p{Surrogate}/u.test(name)) {
    throw new TypeError(
      `Cannot write a tensor named ${quote(name)}: names are unique, well-formed Unicode, and not "__metadata__".`,
    );
  }
  names.add(name);
}

function parseObject(json: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json));
  } catch (cause) {
    throw damaged('its header is not JSON in UTF-8', { cause });
  }
  if (!isObject(value) || json[0] !== 0x7b) throw damaged('its header is not a JSON object');
  return value;
}

const [quotationMark, backslash, nine] = [0x22, 0x5c, 0x39] as const;
const signOrPoint: ReadonlySet<number> = new Set([0x2d, 0x2e]);
const exponent: ReadonlySet<number> = new Set([0x45, 0x65]);

/** Whether all numbers of valid JSON are digits alone: `0e4` and `-0` are sizes to JSON.parse, but to no other reader. */
function hasPlainNumbers(json: Uint8Array): boolean {
  let isInString = false;
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index]!;
    if (byte === quotationMark) isInString = !isInString;
    else if (isInString && byte === backslash) index += 1;
    else if (!isInString && signOrPoint.has(byte)) return false;
    // After a digit: elsewhere it belongs to true, false or null.
    else if (!isInString && exponent.has(byte) && json[index - 1]! <= nine) return false;
  }
  return true;
}

function parseEntry(name: string, value: unknown): TensorEntry {
  if (!isObject(value)) throw damaged(`the entry of tensor ${quote(name)} is not an object`);
  const { dtype: code, shape, data_offsets: offsets, ...rest } = value;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) {
    throw damaged(`tensor ${quote(name)} has an unknown field ${quote(unknown)}`);
  }
  if (!isSizes(shape)) throw damaged(`the shape of tensor ${quote(name)} is not a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw damaged(`the data_offsets of tensor ${quote(name)} are not two byte positions`);
  }
  if (typeof code !== 'string') throw damaged(`the dtype of tensor ${quote(name)} is not a string`);
  const dtype = dtypeOfCode.get(code);
  if (dtype === undefined) {
    const known = [...dtypeOfCode.keys()].join(', ');
    throw new StoreError(
      'unsupported',
      `Tensor ${quote(name)} has dtype ${quote(code)}; these are read: ${known}.`,
    );
  }
  const [start = 0, end = 0] = offsets;
  const bytes = elementCount(shape) * dtypes[dtype].bytes;
  if (end - start !== bytes) {
    throw damaged(
      `tensor ${quote(name)} of ${code} [${shape.join(', ')}] needs ${bytes} bytes and is given ${end - start}`,
    );
  }
  return { name, dtype, shape, start, end };
}

function parseMetadata(value: unknown): Metadata {
  if (value === undefined) return {};
  if (!isObject(value) || !Object.values(value).every((text) => typeof text === 'string')) {
    throw damaged('its __metadata__ is not an object of strings');
  }
  return value as Record<string, string>;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
