import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, integer, lazyBytes, message, nested, text } from './wire.ts';

const LARGE = new Uint8Array(5000);
const lazy = lazyBytes(9, { byteLength: 8, read: () => new Uint8Array(8) });

describe('message', () => {
  it('puts what lies between tensors into one piece, but copies nothing large', () => {
    const names = Array.from({ length: 100 }, (_, index) => text(1, `layer${index}`));
    const whole = nested(7, message([...names, lazy, ...names, bytes(9, LARGE), ...names]));
    // Names with the tensor's head, the tensor, names, the large one, names.
    expect(whole.pieces).toHaveLength(5);
    const length = whole.pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(length).toBe(whole.byteLength);
  });
});

describe('integer', () => {
  // https://protobuf.dev/programming-guides/encoding/#varints
  it.each([
    [1, [8, 1]],
    [150, [8, 0x96, 0x01]],
    [-2, [8, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ])('writes %d as the specification does', (value, want) => {
    expect([...integer(1, value)]).toEqual(want);
  });

  it('writes any safe integer so that it can be read back', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 1, max: 40 }), (value, field) => {
        const written = integer(field, value).subarray(field < 16 ? 1 : 2);
        const sum = written.reduce(
          (total, group, at) => total | (BigInt(group & 127) << BigInt(7 * at)),
          0n,
        );
        expect(BigInt.asIntN(64, sum)).toBe(BigInt(value));
      }),
    );
  });
});
