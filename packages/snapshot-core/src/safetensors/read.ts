import { checkOptions } from '@snapshot-ensemble/options';
import { dtypes, elementCount } from '../dtypes.ts';
import type { NamedTensor, ReadTensorsOptions, Weights } from '../tensor.ts';
import { byteReader, type ByteReader } from './byte-reader.ts';
import {
  damaged,
  parseHeader,
  parsePrefix,
  prefixBytes,
  type Header,
  type Metadata,
  type TensorEntry,
} from './header.ts';

export interface SafetensorsFile {
  /** In the order of their bytes; views of the given bytes wherever the dtype's alignment allows. */
  readonly tensors: Weights;
  readonly metadata: Metadata;
}

/** Reads a whole file. Throws `StoreError('damaged')` or `('unsupported')`. */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  const headerBytes = parsePrefix(bytes, bytes.byteLength);
  const dataStart = prefixBytes + headerBytes;
  const { entries, metadata } = parseHeader(
    bytes.subarray(prefixBytes, dataStart),
    bytes.byteLength - dataStart,
  );
  const tensors = entries.map((entry) =>
    tensorOf(entry, bytes.subarray(dataStart + entry.start, dataStart + entry.end)),
  );
  return { tensors, metadata };
}

/**
 * Reads a file of `fileBytes` bytes tensor by tensor, in the order of their bytes: at most one tensor and one chunk are
 * held at a time. The last tensor comes after the stream has ended, so that a checksum over the stream can still refuse
 * it. With `reuseData` all tensors share the memory of the largest: each is valid until the next is asked for. Throws
 * as `decodeSafetensors` does, also if the stream is shorter or longer.
 */
export async function* decodeSafetensorsStream(
  chunks: AsyncIterable<Uint8Array>,
  fileBytes: number,
  options: ReadTensorsOptions = {},
): AsyncGenerator<NamedTensor> {
  checkOptions('decodeSafetensorsStream', options, { reuseData: true });
  const { reuseData = false } = options;
  const reader = byteReader(chunks);
  try {
    const { entries } = await readHeader(reader, fileBytes);
    const last = entries.at(-1);
    if (last === undefined) await expectEnd(reader, fileBytes);
    const shared = reuseData ? allocate(largestOf(entries)) : undefined;
    for (const entry of entries) {
      const bytes = await take(reader, entry.end - entry.start, shared);
      if (entry === last) await expectEnd(reader, fileBytes);
      yield tensorOf(entry, bytes);
    }
  } finally {
    await reader.close();
  }
}

/** The text that a file of `fileBytes` bytes carries beside its tensors; reads no further than its header. */
export async function readTensorsMetadata(
  chunks: AsyncIterable<Uint8Array>,
  fileBytes: number,
): Promise<Metadata> {
  return (await readFileHeader(chunks, fileBytes)).metadata;
}

/** The header of a file of `fileBytes` bytes; reads no further. */
export async function readFileHeader(
  chunks: AsyncIterable<Uint8Array>,
  fileBytes: number,
): Promise<Header> {
  const reader = byteReader(chunks);
  try {
    return await readHeader(reader, fileBytes);
  } finally {
    await reader.close();
  }
}

/** Bytes of the largest tensor. */
function largestOf(entries: readonly TensorEntry[]): number {
  return entries.reduce((largest, { start, end }) => Math.max(largest, end - start), 0);
}

async function expectEnd(reader: ByteReader, fileBytes: number): Promise<void> {
  if (!(await reader.isAtEnd())) throw damaged(`it continues after its ${fileBytes} bytes`);
}

async function readHeader(reader: ByteReader, fileBytes: number): Promise<Header> {
  const headerBytes = parsePrefix(await take(reader, prefixBytes), fileBytes);
  const json = await take(reader, headerBytes);
  return parseHeader(json, fileBytes - prefixBytes - headerBytes);
}

/** The next `length` bytes, in memory of their own or at the start of `memory`. */
async function take(
  reader: ByteReader,
  length: number,
  memory?: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = memory?.subarray(0, length) ?? allocate(length);
  const filled = await reader.fill(bytes);
  if (filled < length) throw damaged(`it ends ${length - filled} bytes too early`);
  return bytes;
}

function allocate(length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw damaged(`a tensor of ${length} bytes does not fit into memory`, { cause });
  }
}

function tensorOf({ name, dtype, shape }: TensorEntry, bytes: Uint8Array): NamedTensor {
  const { bytes: size, view } = dtypes[dtype];
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const data = view(aligned.buffer, aligned.byteOffset, elementCount(shape));
  // The table pairs every dtype with its array; the compiler cannot follow it through a union.
  return { name, dtype, shape, data } as NamedTensor;
}
