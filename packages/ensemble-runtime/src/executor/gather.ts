import { arrayTypes, bytesOf, type TensorData } from '../tensor.ts';
import type { Batch, Feed } from './port.ts';
import type { GatheredBatch } from './sessions.ts';

/** The feed's rows in one array: a copy, unless its only part can be used as it is. */
function gather({ dtype, parts }: Feed, mayAlias: boolean): TensorData {
  const ArrayOf = arrayTypes[dtype];
  const [first] = parts;
  if (mayAlias && parts.length === 1 && first!.byteOffset % ArrayOf.BYTES_PER_ELEMENT === 0)
    return new ArrayOf(
      first!.buffer as ArrayBuffer,
      first!.byteOffset,
      first!.byteLength / ArrayOf.BYTES_PER_ELEMENT,
    );
  const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const data = new ArrayOf(bytes / ArrayOf.BYTES_PER_ELEMENT);
  const target = bytesOf(data);
  let at = 0;
  for (const part of parts) {
    target.set(part, at);
    at += part.byteLength;
  }
  return data;
}

/** A batch with each input in one array. `mayAlias` allows the callers' own memory, for code that only reads it. */
export function gatherBatch({ feeds, ...batch }: Batch, mayAlias: boolean): GatheredBatch {
  return {
    ...batch,
    feeds: feeds.map(({ name, dtype, dims, ...feed }) => ({
      name,
      dtype,
      dims,
      data: gather({ name, dtype, dims, ...feed }, mayAlias),
    })),
  };
}
