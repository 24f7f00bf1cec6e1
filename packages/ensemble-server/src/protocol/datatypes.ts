import {
  openInferenceDatatypes,
  type BundleDType,
  type BundleTensor,
  type OpenInferenceDatatype,
} from '@snapshot-ensemble/ensemble-bundle';
import type { TensorData } from '@snapshot-ensemble/ensemble-runtime';

/** How a tensor of one dtype looks on the wire. */
export interface WireType {
  readonly datatype: OpenInferenceDatatype;
  readonly bytes: number;
  allocate(length: number): TensorData;
  /** The elements in `buffer`, which is little-endian as every machine that onnxruntime-node runs on. */
  view(buffer: ArrayBuffer): TensorData;
  /** Element of JSON → element of the array, or undefined if it is none. */
  readonly parse?: (value: unknown) => number | bigint | undefined;
  /** Element of the array → JSON, or undefined if JSON cannot carry it. */
  readonly format?: (value: number | bigint) => string | undefined;
}

const asNumber = (value: unknown, accept: (value: number) => boolean): number | undefined =>
  typeof value === 'number' && accept(value) ? value : undefined;

const within =
  (low: number, high: number) =>
  (value: number): boolean =>
    Number.isInteger(value) && value >= low && value <= high;

// Nine significant digits tell any two float32 values apart, and seven are enough for most.
function shortestFloat32(value: number): string {
  if (Object.is(value, -0)) return '-0';
  for (const digits of [7, 8]) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/** Wire form by dtype. Half floats have no JSON form in the protocol. */
export const wireTypes: Readonly<Record<BundleDType, WireType>> = {
  float32: {
    datatype: openInferenceDatatypes.float32,
    bytes: 4,
    allocate: (length) => new Float32Array(length),
    view: (buffer) => new Float32Array(buffer),
    parse: (value) =>
      typeof value === 'number' && Number.isFinite(Math.fround(value)) ? value : undefined,
    format: (value) => (Number.isFinite(value) ? shortestFloat32(value as number) : undefined),
  },
  float16: {
    datatype: openInferenceDatatypes.float16,
    bytes: 2,
    allocate: (length) => new Uint16Array(length),
    view: (buffer) => new Uint16Array(buffer),
  },
  int32: {
    datatype: openInferenceDatatypes.int32,
    bytes: 4,
    allocate: (length) => new Int32Array(length),
    view: (buffer) => new Int32Array(buffer),
    parse: (value) => asNumber(value, within(-(2 ** 31), 2 ** 31 - 1)),
    format: String,
  },
  int64: {
    datatype: openInferenceDatatypes.int64,
    bytes: 8,
    allocate: (length) => new BigInt64Array(length),
    view: (buffer) => new BigInt64Array(buffer),
    // JSON numbers are doubles here: beyond 2^53 they would arrive changed.
    parse: (value) => (Number.isSafeInteger(value) ? BigInt(value as number) : undefined),
    format: (value) => (Number.isSafeInteger(Number(value)) ? String(value) : undefined),
  },
  uint8: {
    datatype: openInferenceDatatypes.uint8,
    bytes: 1,
    allocate: (length) => new Uint8Array(length),
    view: (buffer) => new Uint8Array(buffer),
    parse: (value) => asNumber(value, within(0, 255)),
    format: String,
  },
  bool: {
    datatype: openInferenceDatatypes.bool,
    bytes: 1,
    allocate: (length) => new Uint8Array(length),
    view: (buffer) => new Uint8Array(buffer),
    parse: (value) => (typeof value === 'boolean' ? Number(value) : asNumber(value, within(0, 1))),
    format: (value) => (value === 0 ? 'false' : 'true'),
  },
};

/** `[-1, 28, 28, 1]`: the protocol writes −1 for the number of rows and for sizes that each request chooses. */
export function wireShape({ shape }: BundleTensor): readonly number[] {
  return shape.map((side) => (typeof side === 'number' ? side : -1));
}
