import {
  bytesPerElement,
  dtypeCodes,
  elementCount,
  type DType,
  type TypedArray,
} from '../dtype.ts';
import { tensorData, type TensorData } from '../tensor-data.ts';
import * as wire from './fields.ts';
import { invalid } from './wire-reader.ts';

const dtypes: ReadonlyMap<number, DType> = new Map(
  (Object.keys(dtypeCodes) as DType[]).map((dtype) => [dtypeCodes[dtype], dtype]),
);

/** Bits of an element by TensorProto.DataType; strings have none. */
const elementBits: Readonly<Record<number, number>> = Object.fromEntries(
  [
    [2, 3, 9, 17, 18, 19, 20, 24].map((code) => [code, 8]),
    [4, 5, 10, 16].map((code) => [code, 16]),
    [1, 6, 12].map((code) => [code, 32]),
    [7, 11, 13, 14].map((code) => [code, 64]),
    [[15, 128]],
    [21, 22, 23].map((code) => [code, 4]),
    [25, 26].map((code) => [code, 2]),
  ].flat() as [number, number][],
);

const arrays = {
  float32: Float32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  float16: Uint16Array,
} as const;

const [DIMS, TYPE, SEGMENT, FLOATS, INTS, STRINGS, LONGS, RAW] = [1, 2, 3, 4, 5, 6, 7, 9];
const [EXTERNAL_DATA, DATA_LOCATION] = [13, 14];
const read = [DIMS, TYPE, FLOATS, INTS, LONGS, RAW];

export interface DecodedTensor {
  readonly name: string;
  /** Undefined for a tensor that this package does not compute with. */
  readonly data: TensorData | undefined;
  readonly rest: Uint8Array | undefined;
  /** Of elements that lie in a file of their own. */
  readonly externalBytes?: number;
}

/** TensorProto. Throws where its dimensions do not match its bytes; elements are views of the file where they can be. */
export function decodeTensor(message: Uint8Array, budget: wire.Budget): DecodedTensor {
  const fields = wire.fieldsOf(message, budget);
  const shape = wire.integers(fields, DIMS).map(Number);
  const name = wire.text(fields, 8);
  const code = wire.number(fields, TYPE) ?? 0;
  const count = elementCount(shape);
  if (!shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0))
    throw invalid(`tensor "${name}" has dimensions [${shape.join(', ')}]`);
  const isElsewhere = [SEGMENT, EXTERNAL_DATA].some((field) => wire.has(fields, field));
  const dtype = dtypes.get(code);
  const rest = wire.without(fields, [...read, 8, DATA_LOCATION]);
  const raw = wire.one(fields, RAW);
  const check = (elements: number, unit: string): void => {
    if (elements !== count)
      throw invalid(`tensor "${name}" of shape [${shape.join(', ')}] has ${elements} ${unit}`);
  };
  const bits = elementBits[code];
  if (isElsewhere || (wire.number(fields, DATA_LOCATION) ?? 0) !== 0)
    return {
      name,
      data: undefined,
      rest,
      ...(bits !== undefined && { externalBytes: Math.ceil((count * bits) / 8) }),
    };
  if (raw !== undefined && bits !== undefined && raw.length !== Math.ceil((count * bits) / 8))
    throw invalid(`tensor "${name}" of shape [${shape.join(', ')}] has ${raw.length} bytes`);
  if (raw === undefined && wire.has(fields, STRINGS))
    check(wire.many(fields, STRINGS).length, 'strings');
  if (dtype === undefined) return { name, data: undefined, rest };
  if (raw !== undefined) return { name, data: viewed(dtype, shape, raw), rest };
  if (dtype === 'float32') {
    const floats = wire.floatBytes(fields, FLOATS);
    check(floats.length / 4, 'elements');
    return { name, data: viewed(dtype, shape, floats), rest };
  }
  const values = wire.integers(fields, dtype === 'int64' ? LONGS : INTS);
  check(values.length, 'elements');
  return { name, data: tensorData(dtype, shape, arrayOf(dtype, values)), rest };
}

/** Elements over the bytes of the file; copied, when they are read, where they lie askew. */
function viewed(dtype: DType, shape: readonly number[], bytes: Uint8Array): TensorData {
  const view = (): TypedArray => {
    const whole = bytes.byteOffset % bytesPerElement[dtype] === 0 ? bytes : new Uint8Array(bytes);
    const length = bytes.length / bytesPerElement[dtype];
    return new arrays[dtype](whole.buffer as ArrayBuffer, whole.byteOffset, length);
  };
  return { dtype, shape, sources: [bytes], recipe: '', read: view };
}

function arrayOf(dtype: Exclude<DType, 'float32'>, values: readonly bigint[]): TypedArray {
  if (dtype === 'int64') return BigInt64Array.from(values);
  return arrays[dtype].from(Array.from(values, Number));
}
