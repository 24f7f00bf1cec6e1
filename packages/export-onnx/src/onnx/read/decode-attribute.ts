import type { Attribute, Graph } from '../model.ts';
import { decodeTensor } from './decode-tensor.ts';
import * as wire from './fields.ts';
import { invalid } from './wire-reader.ts';

const [NAME, TYPE, REFERENCE] = [1, 20, 21];

/** Field that holds the value, by AttributeProto.AttributeType; older files name no type, then the field tells. */
const valueFields: Readonly<Record<number, number>> = {
  1: 2,
  2: 3,
  3: 4,
  4: 5,
  5: 6,
  6: 7,
  7: 8,
  8: 9,
  9: 10,
  10: 11,
};

type Read = (
  fields: wire.Fields,
  field: number,
  budget: wire.Budget,
  decodeGraph: (message: Uint8Array) => Graph,
) => Attribute | undefined;

/** By type; undefined where the value does not fit what this package computes with. */
const readers: Readonly<Record<number, Read>> = {
  1: (fields, field) => ({ type: 'float', value: floats(fields, field).at(-1) ?? 0 }),
  2: (fields, field) => {
    const value = Number(wire.integer(fields, field) ?? 0n);
    return Number.isSafeInteger(value) ? { type: 'int', value } : undefined;
  },
  3: (fields, field) => {
    const value = wire.textOf(wire.many(fields, field).at(-1) ?? new Uint8Array());
    return value === undefined ? undefined : { type: 'string', value };
  },
  4: (fields, field, budget) => {
    const { name, data, rest } = decodeTensor(wire.one(fields, field) ?? new Uint8Array(), budget);
    // Documentation of the tensor itself has no place here.
    if (data === undefined || rest !== undefined) return undefined;
    return { type: 'tensor', value: data, ...(name !== '' && { tensorName: name }) };
  },
  5: (fields, field, _budget, decodeGraph) => {
    const graph = wire.one(fields, field);
    if (graph === undefined) throw invalid('an attribute of type graph holds none');
    return { type: 'graph', value: decodeGraph(graph) };
  },
  6: (fields, field) => ({ type: 'floats', value: floats(fields, field) }),
  7: (fields, field) => {
    const value = wire.integers(fields, field).map(Number);
    return value.every(Number.isSafeInteger) ? { type: 'ints', value } : undefined;
  },
  8: (fields, field) => {
    const value = wire.many(fields, field).map(wire.textOf);
    return value.every((text) => text !== undefined) ? { type: 'strings', value } : undefined;
  },
  9: (fields, field, budget) => {
    const tensors = wire.many(fields, field).map((tensor) => decodeTensor(tensor, budget));
    const value = tensors.flatMap(({ name, data, rest }) =>
      data && rest === undefined && name === '' ? [data] : [],
    );
    return value.length === tensors.length ? { type: 'tensors', value } : undefined;
  },
  10: (fields, field, _budget, decodeGraph) => ({
    type: 'graphs',
    value: wire.many(fields, field).map(decodeGraph),
  }),
};

/** AttributeProto. */
export function decodeAttribute(
  message: Uint8Array,
  budget: wire.Budget,
  decodeGraph: (message: Uint8Array) => Graph,
): { readonly name: string; readonly attribute: Attribute } {
  const fields = wire.fieldsOf(message, budget);
  const name = wire.text(fields, NAME);
  const type = wire.number(fields, TYPE) ?? typeByField(fields);
  const field = valueFields[type];
  const known =
    field === undefined || wire.has(fields, REFERENCE)
      ? undefined
      : readers[type]!(fields, field, budget, decodeGraph);
  if (known === undefined)
    return {
      name,
      attribute: { type: 'other', value: wire.without(fields, [NAME]) ?? new Uint8Array() },
    };
  const rest = wire.without(fields, [NAME, TYPE, field!]);
  return { name, attribute: { ...known, ...(rest && { rest }) } };
}

function typeByField(fields: wire.Fields): number {
  const found = Object.entries(valueFields).filter(([, field]) => wire.has(fields, field));
  return found.length === 1 ? Number(found[0]![0]) : 0;
}

function floats(fields: wire.Fields, field: number): readonly number[] {
  const bytes = wire.floatBytes(fields, field);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(index * 4, true));
}
