import { dtypes, elementCount } from '../dtypes.ts';
import type { DType, NamedTensor, TensorSpec, Weights } from '../tensor.ts';

/** A tensor whose bytes are made from a seed; every byte value occurs, so every dtype's odd values do. */
export function tensorFrom(spec: TensorSpec, seed: number): NamedTensor {
  const { bytes, view } = dtypes[spec.dtype];
  const raw = new Uint8Array(elementCount(spec.shape) * bytes);
  let state = seed + 1;
  for (let index = 0; index < raw.length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    raw[index] = spec.dtype === 'bool' ? (state >>> 24) & 1 : state >>> 24;
  }
  const data = view(raw.buffer, 0, elementCount(spec.shape));
  return { ...spec, data } as NamedTensor;
}

/** A specimen of every dtype, with a scalar, an empty tensor, and lengths that leave the next one unaligned. */
export function everyDtype(): readonly TensorSpec[] {
  const shapes: Readonly<Record<DType, readonly number[]>> = {
    uint8: [3],
    float64: [2],
    float32: [2, 3],
    bool: [5],
    int64: [],
    float16: [3, 1],
    bfloat16: [0, 4],
    int32: [1, 2, 2],
  };
  return (Object.keys(shapes) as DType[]).map((dtype) => ({
    name: `layer/${dtype}`,
    dtype,
    shape: shapes[dtype],
  }));
}

export function weightsFrom(specs: readonly TensorSpec[], seed: number): Weights {
  return specs.map((spec, index) => tensorFrom(spec, seed * 1000 + index));
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous for its reader's sake
export async function* tensorStream(tensors: Weights): AsyncGenerator<NamedTensor> {
  yield* tensors;
}

export async function readTensors(tensors: AsyncIterable<NamedTensor>): Promise<Weights> {
  const all: NamedTensor[] = [];
  for await (const tensor of tensors) all.push(tensor);
  return all;
}

/** Names, dtypes, shapes and bytes as one text, equal only if all of these are. */
export function fingerprint(tensors: Weights): string {
  return tensors
    .map(({ name, dtype, shape, data }) => `${name} ${dtype} [${shape.join()}] ${hex(data)}`)
    .join('\n');
}

function hex({ buffer, byteOffset, byteLength }: NamedTensor['data']): string {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
