import { badRequest } from '../../errors.ts';

/** Bytes behind the JSON, taken from the front by each input that has its data there. */
export interface BinaryData {
  take(size: number, name: string): Uint8Array;
  /** Throws if some bytes were not taken. */
  finish(): void;
}

export function binaryData(bytes: Uint8Array): BinaryData {
  let taken = 0;
  return {
    take(size, name) {
      if (size > bytes.length - taken)
        throw badRequest(
          `input "${name}" needs ${size} bytes of binary data; ${bytes.length - taken} are left.`,
        );
      taken += size;
      return bytes.subarray(taken - size, taken);
    },
    finish() {
      if (taken < bytes.length)
        throw badRequest(`${bytes.length - taken} bytes of binary data belong to no input.`);
    },
  };
}
