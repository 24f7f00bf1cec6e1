import type { TypedArray } from '../onnx/dtype.ts';
import type { TensorData } from '../onnx/tensor-data.ts';

// Enough samples to tell trained weights apart, few enough that a gigabyte costs nothing.
const SAMPLES = 64;

/** Finds a tensor equal to one that was added before, by content. */
export function createTensorPool(): {
  find(tensor: TensorData): string | undefined;
  add(name: string, tensor: TensorData): void;
} {
  const buckets = new Map<string, { readonly name: string; readonly tensor: TensorData }[]>();
  return {
    find: (tensor) =>
      buckets.get(fingerprint(tensor))?.find((entry) => isEqual(entry.tensor, tensor))?.name,
    add(name, tensor) {
      const key = fingerprint(tensor);
      const bucket = buckets.get(key);
      if (bucket === undefined) buckets.set(key, [{ name, tensor }]);
      else bucket.push({ name, tensor });
    },
  };
}

function fingerprint({ dtype, shape, recipe, sources }: TensorData): string {
  return `${dtype} ${shape.join()} ${recipe} ${sources.map(samples).join(';')}`;
}

/** FNV-1a of some of the words, in a few letters: every pass over a graph of a thousand weights asks for it. */
function samples(elements: TypedArray): string {
  const words = bytesOf(elements);
  const stride = Math.max(1, Math.floor(words.length / SAMPLES));
  let hash = 0x811c9dc5;
  for (let index = 0; index < words.length; index += stride)
    hash = Math.imul(hash ^ words[index]!, 0x01000193);
  return (hash >>> 0).toString(36);
}

function isEqual(a: TensorData, b: TensorData): boolean {
  return (
    a.sources.length === b.sources.length &&
    a.sources.every((source, index) => isSameBytes(source, b.sources[index]!))
  );
}

/** Bit by bit: 0 and −0 differ, NaN equals itself. */
function isSameBytes(a: TypedArray, b: TypedArray): boolean {
  if (a.byteLength !== b.byteLength) return false;
  if (a.buffer === b.buffer && a.byteOffset === b.byteOffset) return true;
  const [left, right] = [bytesOf(a), bytesOf(b)];
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false;
  return true;
}

function bytesOf(elements: TypedArray): Uint32Array | Uint8Array {
  const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT } = elements;
  return BYTES_PER_ELEMENT % 4 === 0
    ? new Uint32Array(buffer, byteOffset, byteLength / 4)
    : new Uint8Array(buffer, byteOffset, byteLength);
}
