import { fromBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  type TensorProto,
} from 'onnx-buf';
import type { TypedArray } from '../src/onnx/dtype.ts';

/**
 * What onnx-buf reads in a file, as text: the same for files that say the same. Numbers of a tensor lie in one of several
 * fields, the order of constants means nothing, and a text that is empty may be left out.
 */
export function messageText(bytes: Uint8Array): string {
  const plain = (value: unknown): unknown => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== 'object' || value === null)
      return Object.is(value, -0) ? '-0' : String(value);
    const entries = Object.entries(settled(value)).filter(([, part]) => part !== '');
    return Object.fromEntries(entries.sort(byName).map(([key, part]) => [key, plain(part)]));
  };
  return JSON.stringify(plain(fromBinary(ModelProtoSchema, bytes)));
}

function settled(message: object): object {
  const known = message as GraphProto | ModelProto | TensorProto;
  if (known.$typeName === 'onnx.TensorProto') return withRawData(known);
  return known.$typeName === 'onnx.GraphProto'
    ? { ...known, initializer: known.initializer.toSorted(byConstant) }
    : message;
}

function byConstant(a: TensorProto, b: TensorProto): number {
  return a.name < b.name ? -1 : 1;
}

const views: Readonly<Record<number, ((tensor: TensorProto) => TypedArray) | undefined>> = {
  [DataType.FLOAT]: (tensor) => Float32Array.from(tensor.floatData),
  [DataType.INT64]: (tensor) => BigInt64Array.from(tensor.int64Data),
  [DataType.BOOL]: (tensor) => Uint8Array.from(tensor.int32Data),
  [DataType.FLOAT16]: (tensor) => Uint16Array.from(tensor.int32Data),
};

function withRawData(tensor: TensorProto): object {
  const view = views[tensor.dataType];
  if (view === undefined || tensor.rawData.length > 0) return tensor;
  const rawData = new Uint8Array(view(tensor).buffer as ArrayBuffer);
  return { ...tensor, rawData, floatData: [], int32Data: [], int64Data: [] };
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}
