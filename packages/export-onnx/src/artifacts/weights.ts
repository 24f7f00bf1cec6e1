import type { ModelArtifacts, NamedTensor, WeightSpec } from '@snapshot-ensemble/snapshot-core';
import { ExportError } from '../errors.ts';
import { elementCount } from '../onnx/dtype.ts';
import { tensorData, type TensorData } from '../onnx/tensor-data.ts';

/** Bytes of weights: whole buffers, or views of them such as Node's Buffer; several are concatenated. */
export type WeightBytes =
  ArrayBuffer | ArrayBufferView | readonly (ArrayBuffer | ArrayBufferView)[];

/** Saved artifacts, their bytes in whatever form they came. */
export type SavedWeights = Pick<ModelArtifacts, 'weightSpecs'> & {
  readonly weightData: WeightBytes;
};

/** Weights by name. */
export type WeightMap = ReadonlyMap<string, TensorData>;

const storedBytes = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 } as const;

function invalid(problem: string, remedy: string): ExportError {
  return new ExportError('invalid-weights', `Cannot read the weights: ${problem}. ${remedy}`);
}

/**
 * The weights of saved artifacts: views of their bytes where alignment allows, dequantized where they were quantized. Texts and
 * complex numbers, which graph models may hold, are skipped where that is asked for.
 */
export function readWeights(
  { weightSpecs, weightData }: SavedWeights,
  others: 'refuse' | 'skip' = 'refuse',
): WeightMap {
  const list = (Array.isArray(weightData) ? weightData : [weightData]) as readonly (
    ArrayBuffer | ArrayBufferView
  )[];
  const buffers = list.map(asBytes);
  const total = buffers.reduce((length, buffer) => length + buffer.byteLength, 0);
  const weights = new Map<string, TensorData>();
  if (!isList(weightSpecs))
    throw invalid(
      'weightSpecs is not a list',
      'Give the entries of the weights, in the order of their bytes.',
    );
  let offset = 0;
  for (const spec of weightSpecs) {
    checkSpec(spec);
    const skipped = others === 'skip' ? skippedLength(spec, buffers, offset, total) : undefined;
    if (skipped !== undefined) {
      offset += skipped;
      continue;
    }
    const length = storedLength(spec);
    if (offset + length > total)
      throw invalid(
        `"${spec.name}" of shape [${spec.shape.join(', ')}] needs bytes [${offset}, ${offset + length}), there are ${total}`,
        'The file is truncated, or belongs to another model.',
      );
    if (weights.has(spec.name))
      throw invalid(`"${spec.name}" occurs twice`, 'Give every layer its own name.');
    weights.set(spec.name, decode(spec, bytesAt(buffers, offset, length)));
    offset += length;
  }
  if (offset !== total)
    throw invalid(
      `${total - offset} bytes are left after the last weight`,
      'The weight data belongs to another model.',
    );
  return weights;
}

/** The weights of a snapshot store's member. */
export function weightsOf(tensors: Iterable<NamedTensor>): WeightMap {
  return new Map(
    Array.from(tensors, (tensor) => {
      if (tensor.dtype === 'bfloat16' || tensor.dtype === 'int64' || tensor.dtype === 'float64')
        throw invalid(
          `"${tensor.name}" has dtype ${tensor.dtype}`,
          'tfjs models hold float32, int32 or bool.',
        );
      const shape = [...tensor.shape];
      const data =
        tensor.dtype === 'float16'
          ? tensorData('float32', shape, fromHalf(tensor.data))
          : tensorData(tensor.dtype, shape, tensor.data);
      return [tensor.name, data] as const;
    }),
  );
}

/** Whether an entry is what its type says: it comes from a file. */
function checkSpec(spec: unknown): void {
  const { name, quantization } = Object(spec) as Readonly<Record<string, unknown>>;
  const isWhole =
    typeof name === 'string' &&
    (quantization === undefined || (typeof quantization === 'object' && quantization !== null));
  if (!isWhole)
    throw invalid(
      `the entry ${JSON.stringify(spec ?? null).slice(0, 80)} does not describe a weight`,
      'An entry has a name, a shape and a dtype; that of a quantized weight also has quantization.',
    );
}

function storedLength({ name, shape, dtype, quantization }: WeightSpec): number {
  const stored = quantization?.dtype ?? dtype;
  if (!Object.hasOwn(storedBytes, stored))
    throw invalid(
      `"${name}" has dtype ${stored}`,
      `Known: ${Object.keys(storedBytes).join(', ')}.`,
    );
  if (!isShape(shape))
    throw invalid(
      `"${name}" has shape ${JSON.stringify(shape)}`,
      'A shape is a list of non-negative integers.',
    );
  const length = elementCount(shape) * storedBytes[stored as keyof typeof storedBytes];
  if (!Number.isSafeInteger(length))
    throw invalid(`"${name}" is impossibly large`, 'Correct its shape.');
  return length;
}

/** How many bytes a weight takes that ONNX could not hold; undefined for the others. */
function skippedLength(
  spec: WeightSpec,
  buffers: readonly Uint8Array[],
  offset: number,
  total: number,
): number | undefined {
  const dtype: string = spec.dtype;
  if (dtype !== 'string' && dtype !== 'complex64') return undefined;
  if (!isShape(spec.shape))
    throw invalid(
      `"${spec.name}" has a shape whose sides are not integers`,
      'Convert the model again.',
    );
  const count = elementCount(spec.shape);
  const cutOff = (): ExportError =>
    invalid(`"${spec.name}" is truncated`, 'The file is truncated, or belongs to another model.');
  if (dtype === 'complex64') {
    if (offset + count * 8 > total) throw cutOff();
    return count * 8;
  }
  let at = offset;
  for (let index = 0; index < count; index++) {
    if (at + 4 > total) throw cutOff();
    const [a, b, c, d] = bytesAt(buffers, at, 4) as unknown as [number, number, number, number];
    // Each text comes after its length.
    at += 4 + ((a | (b << 8) | (c << 16)) >>> 0) + d * 2 ** 24;
    if (at > total) throw cutOff();
  }
  return at - offset;
}

function asBytes(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/** What types say; it comes from a file. */
function isList(value: unknown): boolean {
  return Array.isArray(value);
}

function isShape(shape: unknown): shape is readonly number[] {
  return Array.isArray(shape) && shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
}

/** The bytes `[offset, offset + length)` of the buffers laid end to end; copied only if they span two. */
function bytesAt(buffers: readonly Uint8Array[], offset: number, length: number): Uint8Array {
  const joined = new Array<Uint8Array>();
  let start = 0;
  for (const buffer of buffers) {
    const from = Math.max(offset - start, 0);
    const to = Math.min(offset + length - start, buffer.byteLength);
    if (from < to) joined.push(buffer.subarray(from, to));
    start += buffer.byteLength;
  }
  if (joined.length === 1) return joined[0]!;
  const copy = new Uint8Array(length);
  let at = 0;
  for (const part of joined) {
    copy.set(part, at);
    at += part.length;
  }
  return copy;
}

function decode(spec: WeightSpec, bytes: Uint8Array): TensorData {
  const { shape, quantization, dtype } = spec;
  if (dtype === 'bool') return tensorData('bool', shape, bytes);
  if (quantization !== undefined) return dequantize(spec, quantization, bytes);
  return dtype === 'int32'
    ? tensorData('int32', shape, aligned(bytes, Int32Array))
    : tensorData('float32', shape, aligned(bytes, Float32Array));
}

/** x = q · scale + min in float32, as tfjs decodes it. */
function dequantize(
  { name, shape, dtype }: WeightSpec,
  { dtype: stored, scale, min }: NonNullable<WeightSpec['quantization']>,
  bytes: Uint8Array,
): TensorData {
  if (stored === 'float16')
    return tensorData('float32', shape, fromHalf(aligned(bytes, Uint16Array)));
  const codes = stored === 'uint8' ? bytes : aligned(bytes, Uint16Array);
  if (typeof scale !== 'number' || typeof min !== 'number')
    throw invalid(
      `"${name}" is quantized to ${stored} without scale and min`,
      'Convert the model again.',
    );
  return dtype === 'int32'
    ? tensorData(
        'int32',
        shape,
        Int32Array.from(codes, (code) => Math.round(code * scale + min)),
      )
    : tensorData(
        'float32',
        shape,
        Float32Array.from(codes, (code) => code * scale + min),
      );
}

function aligned<T>(
  bytes: Uint8Array,
  View: {
    readonly BYTES_PER_ELEMENT: number;
    new (buffer: ArrayBuffer, offset: number, length: number): T;
  },
): T {
  const whole = bytes.byteOffset % View.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new View(
    whole.buffer as ArrayBuffer,
    whole.byteOffset,
    whole.byteLength / View.BYTES_PER_ELEMENT,
  );
}

/** IEEE 754 binary16 → binary32. */
function fromHalf(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}
