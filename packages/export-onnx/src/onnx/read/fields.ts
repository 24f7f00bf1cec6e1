import { ExportError } from '../../errors.ts';
import { concat } from '../wire.ts';
import { invalid, readFields, readVarint, type WireField } from './wire-reader.ts';

/** What may still be read: a file of some megabytes must not become gigabytes of small objects. */
export interface Budget {
  left: number;
}

// 2 M names and messages or 8 M numbers outside tensors: a hundred times the largest networks in use.
const BUDGET = 2 ** 23;
const COST = { varint: 1, fixed32: 1, fixed64: 1, bytes: 4 } as const;

export function createBudget(): Budget {
  return { left: BUDGET };
}

/** A message's fields by number. */
export interface Fields {
  readonly message: Uint8Array;
  readonly all: ReadonlyMap<number, readonly WireField[]>;
  readonly budget: Budget;
}

export function fieldsOf(message: Uint8Array, budget: Budget): Fields {
  const all = new Map<number, WireField[]>();
  for (const field of readFields(message)) {
    spend(budget, COST[field.type]);
    const known = all.get(field.field);
    if (known === undefined) all.set(field.field, [field]);
    else known.push(field);
  }
  return { message, all, budget };
}

function spend(budget: Budget, cost: number): void {
  budget.left -= cost;
  if (budget.left >= 0) return;
  throw new ExportError(
    'too-large',
    'Cannot read the ONNX file: it has more nodes, names and numbers than any real model. Keep numbers in the raw data of tensors.',
  );
}

export function has({ all }: Fields, field: number): boolean {
  return all.has(field);
}

/** Every occurrence of a field of bytes. */
export function many({ all }: Fields, field: number): readonly Uint8Array[] {
  return (all.get(field) ?? []).map((entry) => {
    if (entry.type === 'bytes') return entry.value;
    throw invalid(`field ${field} is a number where bytes belong`);
  });
}

/** A message that may occur once; occurrences are merged, as protobuf merges them, by joining their bytes. */
export function one(fields: Fields, field: number): Uint8Array | undefined {
  const found = many(fields, field);
  return found.length > 1 ? concat(found) : found[0];
}

// Names are kept to the byte.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as text; undefined where they are none. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

export function texts(fields: Fields, field: number): readonly string[] {
  return many(fields, field).map((bytes) => {
    const text = textOf(bytes);
    if (text === undefined) throw invalid('a name is not UTF-8');
    return text;
  });
}

/** '' where the field is left out. */
export function text(fields: Fields, field: number): string {
  return texts(fields, field).at(-1) ?? '';
}

export function integer(fields: Fields, field: number): bigint | undefined {
  return integers(fields, field).at(-1);
}

/** A small number, such as an enum; undefined where it is left out. */
export function number(fields: Fields, field: number): number | undefined {
  const value = integer(fields, field);
  return value === undefined ? undefined : Number(value);
}

/** Signed 64-bit integers, packed or one by one. */
export function integers({ all, budget }: Fields, field: number): readonly bigint[] {
  return (all.get(field) ?? []).flatMap((entry) => {
    if (entry.type === 'varint') return [BigInt.asIntN(64, entry.value)];
    if (entry.type === 'bytes') return packed(entry.value, budget);
    throw invalid(`field ${field} is not an integer`);
  });
}

function packed(bytes: Uint8Array, budget: Budget): bigint[] {
  const values: bigint[] = [];
  for (let at = 0; at < bytes.length;) {
    const { value, end } = readVarint(bytes, at);
    spend(budget, COST.varint);
    values.push(BigInt.asIntN(64, value));
    at = end;
  }
  return values;
}

/** The bytes of little-endian float32 values, packed or one by one. */
export function floatBytes({ all }: Fields, field: number): Uint8Array {
  const parts = (all.get(field) ?? []).map((entry) => {
    if ((entry.type === 'fixed32' || entry.type === 'bytes') && entry.value.length % 4 === 0)
      return entry.value;
    throw invalid(`field ${field} is not a float`);
  });
  return parts.length === 1 ? parts[0]! : concat(parts);
}

/** All fields but these, as they stand in the file; undefined where there are none. */
export function without(
  { message, all }: Fields,
  known: readonly number[],
): Uint8Array | undefined {
  const rest = [...all].flatMap(([field, entries]) =>
    known.includes(field) ? [] : entries.map(({ start, end }) => message.subarray(start, end)),
  );
  return rest.length === 0 ? undefined : concat(rest);
}
