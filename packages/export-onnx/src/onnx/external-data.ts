import { rawBytes, type ExternalLocation } from './encode.ts';
import type { Initializer } from './model.ts';
import { createScratch } from './scratch.ts';
import { byteLengthOf } from './tensor-data.ts';

// Pages, so that runtimes can map the file. ONNX, docs/ExternalData.md.
const ALIGNMENT = 4096;
// Below this a tensor costs less inside; the onnx Python package's own threshold.
const SMALLEST = 1024;

/** Which initializers go to another file, and where in it. */
export interface Placement {
  readonly initializers: readonly Initializer[];
  readonly locations: ReadonlyMap<string, ExternalLocation>;
  /** Size of the file. */
  readonly bytes: number;
}

export function placeExternally(all: readonly Initializer[], location: string): Placement {
  const initializers = all.filter(({ data }) => byteLengthOf(data) >= SMALLEST);
  const locations = new Map<string, ExternalLocation>();
  let bytes = 0;
  for (const { name, data } of initializers) {
    const offset = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const length = byteLengthOf(data);
    locations.set(name, { location, offset, length });
    bytes = offset + length;
  }
  return { initializers, locations, bytes };
}

/** The other file, tensor by tensor, zeros in the gaps. */
export async function* externalChunks({
  initializers,
  locations,
}: Placement): AsyncGenerator<Uint8Array> {
  const allocate = createScratch();
  let written = 0;
  for (const { name, data } of initializers) {
    const { offset, length } = locations.get(name)!;
    if (offset > written) yield new Uint8Array(offset - written);
    await data.prepare?.();
    yield rawBytes(data, allocate);
    written = offset + length;
  }
}
