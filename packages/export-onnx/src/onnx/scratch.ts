import type { TypedArray } from './dtype.ts';

/** An array of the kind and length of another, with anything in it. */
export type Allocate = <T extends TypedArray>(like: T) => T;

interface ArrayType<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): T;
  new (buffer: ArrayBuffer, offset: number, length: number): T;
}

export const freshLike: Allocate = <T extends TypedArray>(like: T): T =>
  new (like.constructor as ArrayType<T>)(like.length);

/** One memory for all arrays, as large as the largest: each is valid until the next is asked for. */
export function createScratch(): Allocate {
  let buffer = new ArrayBuffer(0);
  return <T extends TypedArray>(like: T): T => {
    if (buffer.byteLength < like.byteLength) buffer = new ArrayBuffer(like.byteLength);
    return new (like.constructor as ArrayType<T>)(buffer, 0, like.length);
  };
}
