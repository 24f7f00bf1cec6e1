import type { BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import type { InputTensor, TensorData } from '@snapshot-ensemble/ensemble-runtime';
import { badRequest } from '../errors.ts';
import { wireTypes, type WireType } from './datatypes.ts';
import { asArray, asCount, show, type JsonObject } from './fields.ts';

/** An input as an array of its type. */
export type ArrayTensor = Extract<InputTensor, { readonly data: TensorData }>;

/** Bytes behind the JSON, taken from the front by each input that has its data there. */
export interface BinaryData {
  take(size: number, name: string): Uint8Array;
  /** Throws if some bytes were not taken. */
  finish(): void;
}

export function binaryData(bytes: Uint8Array): BinaryData {
  let taken = 0;
  return {
    take(size, name) {
      if (size > bytes.length - taken)
        throw badRequest(
          `Cannot read the request: input "${name}" needs ${size} bytes of binary data, ${bytes.length - taken} are left.`,
        );
      taken += size;
      return bytes.subarray(taken - size, taken);
    },
    finish() {
      if (taken < bytes.length)
        throw badRequest(
          `Cannot read the request: ${bytes.length - taken} bytes of binary data belong to no input.`,
        );
    },
  };
}

/** One entry of `inputs`, its datatype and element count checked; its shape is the runtime's to judge. */
export function readTensor(
  input: BundleTensor,
  entry: JsonObject,
  parameters: JsonObject,
  binary: BinaryData,
): ArrayTensor {
  const type = wireTypes[input.dtype];
  const { name } = input;
  if (entry['datatype'] !== type.datatype)
    throw badRequest(
      `Cannot read the request: input "${name}" has datatype ${show(entry['datatype'])}; it must be "${type.datatype}".`,
    );
  const dims = asArray(entry['shape'], `shape of input "${name}"`).map((side) =>
    asCount(side, `a side of the shape of input "${name}"`),
  );
  const count = dims.reduce((product, side) => product * side, 1);
  const size = parameters['binary_data_size'];
  if (size === undefined) return { dims, data: readJsonData(name, type, entry['data'], count) };
  if (entry['data'] !== undefined)
    throw badRequest(
      `Cannot read the request: input "${name}" has both data and binary_data_size. Send one of them.`,
    );
  const bytes = asCount(size, `binary_data_size of input "${name}"`);
  if (bytes !== count * type.bytes)
    throw badRequest(
      `Cannot read the request: input "${name}" has ${bytes} bytes, its shape [${dims.join(', ')}] of ${type.datatype} needs ${count * type.bytes}.`,
    );
  return { dims, data: fromBytes(type, binary.take(bytes, name)) };
}

/** Elements from little-endian bytes. Copied, since bytes in a body lie at any offset and arrays need aligned ones. */
export function fromBytes(type: WireType, bytes: Uint8Array): TensorData {
  return type.view(new Uint8Array(bytes).buffer);
}

function readJsonData(name: string, type: WireType, value: unknown, count: number): TensorData {
  const { parse } = type;
  if (parse === undefined)
    throw badRequest(
      `Cannot read the request: input "${name}" is ${type.datatype}, which JSON cannot carry. Send it as binary data.`,
    );
  const rows = asArray(value, `data of input "${name}"`);
  // Counted before anything is allocated: a shape is only a claim.
  const length = countElements(rows);
  if (length !== count)
    throw badRequest(
      `Cannot read the request: input "${name}" has ${length} elements, its shape needs ${count}.`,
    );
  const data = type.allocate(count);
  const elements = data as Record<number, number | bigint>;
  let at = 0;
  const fill = (values: readonly unknown[]): void => {
    for (const element of values) {
      if (Array.isArray(element)) {
        fill(element);
        continue;
      }
      const parsed = parse(element);
      if (parsed === undefined)
        throw badRequest(
          `Cannot read the request: element ${at} of input "${name}" is ${show(element)}, no ${type.datatype} that JSON carries exactly.`,
        );
      elements[at++] = parsed;
    }
  };
  fill(rows);
  return data;
}

function countElements(values: readonly unknown[]): number {
  let count = 0;
  for (const value of values) count += Array.isArray(value) ? countElements(value) : 1;
  return count;
}
