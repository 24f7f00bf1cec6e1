import type { Dim, ValueInfo } from '../model.ts';
import * as wire from './fields.ts';

/** ValueInfoProto. */
export function decodeValue(message: Uint8Array, budget: wire.Budget): ValueInfo {
  const fields = wire.fieldsOf(message, budget);
  const rest = wire.without(fields, [1, 2]);
  return {
    name: wire.text(fields, 1),
    ...decodeType(wire.one(fields, 2) ?? new Uint8Array(), budget),
    ...(rest && { rest }),
  };
}

/** TypeProto; kept as it is where it is more than a dense tensor of exact and named dimensions. */
function decodeType(
  type: Uint8Array,
  budget: wire.Budget,
): Pick<ValueInfo, 'dtype' | 'shape' | 'type'> {
  const fields = wire.fieldsOf(type, budget);
  const tensor = wire.fieldsOf(wire.one(fields, 1) ?? new Uint8Array(), budget);
  const shape = wire.one(tensor, 2);
  const dims = shape === undefined ? undefined : wire.fieldsOf(shape, budget);
  const decoded = (dims === undefined ? [] : wire.many(dims, 1)).map((dim) =>
    decodeDim(dim, budget),
  );
  const isPlain =
    wire.has(fields, 1) &&
    [[fields, [1]] as const, [tensor, [1, 2]] as const].every(
      ([part, known]) => wire.without(part, known) === undefined,
    ) &&
    decoded.every((dim) => dim.isPlain);
  return {
    dtype: wire.number(tensor, 1) ?? 0,
    shape: dims && decoded.map(({ dim }) => dim),
    ...(!isPlain && { type }),
  };
}

function decodeDim(message: Uint8Array, budget: wire.Budget): { dim: Dim; isPlain: boolean } {
  const fields = wire.fieldsOf(message, budget);
  const value = wire.number(fields, 1);
  const isExact = value !== undefined && Number.isSafeInteger(value) && value >= 0;
  const isPlain =
    wire.without(fields, [1, 2]) === undefined &&
    (value === undefined || (isExact && !wire.has(fields, 2)));
  return { dim: isExact ? value : wire.text(fields, 2), isPlain };
}
