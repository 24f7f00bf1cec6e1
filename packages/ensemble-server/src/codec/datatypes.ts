import {
  openInferenceDatatypes,
  type BundleDType,
  type BundleTensor,
  type OpenInferenceDatatype,
} from '@snapshot-ensemble/ensemble-bundle';
import type { TensorData } from '@snapshot-ensemble/ensemble-runtime';
import { shortestFloat32 } from './json/format.ts';

/** How a tensor of one dtype looks on the wire. */
export interface WireType {
  readonly datatype: OpenInferenceDatatype;
  readonly bytes: number;
  allocate(length: number): TensorData;
  /** The elements in `buffer`, which is little-endian as every machine that onnxruntime-node runs on. */
  view(buffer: ArrayBuffer): TensorData;
  /** Whether a number out of JSON or a protobuf field is an element; undefined where the dtype has none there. */
  readonly accepts?: (value: number) => boolean;
  /** Whether JSON's `true` and `false` are elements. */
  readonly takesBooleans?: true;
  /** Field of protobuf's InferTensorContents. */
  readonly field?: string;
  /** Element of the array → JSON, or undefined if JSON cannot carry it. */
  readonly format?: (value: number | bigint) => string | undefined;
}

const within =
  (low: number, high: number) =>
  (value: number): boolean =>
    Number.isInteger(value) && value >= low && value <= high;

/** Wire form by dtype. Half floats have no JSON form in the protocol. */
export const wireTypes: Readonly<Record<BundleDType, WireType>> = {
  float32: {
    datatype: openInferenceDatatypes.float32,
    bytes: 4,
    allocate: (length) => new Float32Array(length),
    view: (buffer) => new Float32Array(buffer),
    accepts: (value) => Number.isFinite(Math.fround(value)),
    field: 'fp32_contents',
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
    accepts: within(-(2 ** 31), 2 ** 31 - 1),
    field: 'int_contents',
    format: String,
  },
  int64: {
    datatype: openInferenceDatatypes.int64,
    bytes: 8,
    allocate: (length) => new BigInt64Array(length),
    view: (buffer) => new BigInt64Array(buffer),
    // JSON numbers are doubles here: beyond 2^53 they would arrive changed.
    accepts: Number.isSafeInteger,
    field: 'int64_contents',
    format: (value) => (Number.isSafeInteger(Number(value)) ? String(value) : undefined),
  },
  uint8: {
    datatype: openInferenceDatatypes.uint8,
    bytes: 1,
    allocate: (length) => new Uint8Array(length),
    view: (buffer) => new Uint8Array(buffer),
    accepts: within(0, 255),
    field: 'uint_contents',
    format: String,
  },
  bool: {
    datatype: openInferenceDatatypes.bool,
    bytes: 1,
    allocate: (length) => new Uint8Array(length),
    view: (buffer) => new Uint8Array(buffer),
    accepts: within(0, 1),
    takesBooleans: true,
    field: 'bool_contents',
    format: (value) => (value === 0 ? 'false' : 'true'),
  },
};

/** `[-1, 28, 28, 1]`: the protocol writes −1 for every side that varies. */
export function wireShape({ shape }: Pick<BundleTensor, 'shape'>): readonly number[] {
  return shape.map((side) => (typeof side === 'number' ? side : -1));
}
