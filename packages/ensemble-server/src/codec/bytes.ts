import type { OutputTensor } from '../protocol/messages.ts';

/** Elements as little-endian bytes, not copied; those of BYTES are a length of 32 bits and UTF-8 each. */
export function elementsToBytes(data: OutputTensor['data']): Buffer {
  if (!isTexts(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat(
    data.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

export function isTexts(data: OutputTensor['data']): data is readonly string[] {
  return Array.isArray(data);
}
