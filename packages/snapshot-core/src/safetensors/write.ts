import { dtypes, elementCount } from '../dtypes.ts';
import type { NamedTensor, TensorSpec, Weights } from '../tensor.ts';
import { formatHeader, type Metadata } from './header.ts';

/** Longest piece of a tensor passed on at once, so that hashing and writing it leaves others their turn. */
const pieceBytes = 4 * 1024 * 1024;

/** A safetensors file as bytes, tensors in the given order. */
export function encodeSafetensors(tensors: Weights, metadata?: Metadata): Uint8Array<ArrayBuffer> {
  const header = formatHeader(tensors, metadata);
  const parts = tensors.map((tensor) => tensorBytes(tensor, tensor));
  const total = parts.reduce((sum, part) => sum + part.byteLength, header.byteLength);
  const bytes = new Uint8Array(total);
  bytes.set(header);
  let offset = header.byteLength;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}

/**
 * A safetensors file as a stream. The header comes first, so the tensors' specs must be known beforehand; each
 * tensor must be what its spec says, in the same order, else a `TypeError`. Names come from the specs.
 */
export async function* streamSafetensors(
  specs: readonly TensorSpec[],
  tensors: AsyncIterable<NamedTensor>,
  metadata?: Metadata,
): AsyncGenerator<Uint8Array> {
  yield formatHeader(specs, metadata);
  let index = 0;
  for await (const tensor of tensors) {
    const spec = specs[index];
    if (spec === undefined) {
      throw new TypeError(`Got tensor "${tensor.name}" after all ${specs.length} expected ones.`);
    }
    yield* pieces(tensorBytes(tensor, spec));
    index += 1;
  }
  if (index < specs.length) {
    throw new TypeError(
      `Got ${index} tensors, expected ${specs.length}: "${specs[index]!.name}" is missing.`,
    );
  }
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += pieceBytes) {
    yield bytes.subarray(start, start + pieceBytes);
  }
}

/** The bytes of a tensor, shared with it. */
function tensorBytes(tensor: NamedTensor, spec: TensorSpec): Uint8Array {
  const { dtype, shape, data } = tensor;
  if (dtype !== spec.dtype || shape.join() !== spec.shape.join()) {
    throw new TypeError(
      `Tensor "${tensor.name}" is ${dtype} [${shape.join(', ')}], expected ${spec.dtype} [${spec.shape.join(', ')}].`,
    );
  }
  const elements = elementCount(shape);
  if (data.length !== elements || data.BYTES_PER_ELEMENT !== dtypes[dtype].bytes) {
    throw new TypeError(
      `Tensor "${tensor.name}" of ${dtype} [${shape.join(', ')}] holds ${data.length} elements of ` +
        `${data.BYTES_PER_ELEMENT} bytes, expected ${elements} of ${dtypes[dtype].bytes}.`,
    );
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
