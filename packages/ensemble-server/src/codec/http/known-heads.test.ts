import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { createReader } from './known-heads.ts';
import { readInferRequest } from './read-request.ts';

const limits = { maxDepth: 100, maxValues: 1e6 };

interface Sent {
  readonly sizes: readonly number[];
  readonly id: string;
  readonly first: number;
  /** Bytes too many, or too few. */
  readonly extra: number;
}

function bodyOf({ sizes, id, first, extra }: Sent): { bytes: Buffer; length: string } {
  const json = JSON.stringify({
    id,
    parameters: { binary_data_output: true, max_members: 2 },
    inputs: sizes.map((size, index) => ({
      name: `x${index}`,
      datatype: 'UINT8',
      shape: [1, size],
      parameters: { binary_data_size: size },
    })),
    outputs: [{ name: 'y', parameters: { binary_data: false } }],
  });
  const data = Buffer.alloc(
    Math.max(
      0,
      sizes.reduce((sum, size) => sum + size, extra),
    ),
    first,
  );
  return {
    bytes: Buffer.concat([Buffer.from(json), data]),
    length: String(Buffer.byteLength(json)),
  };
}

const outcome = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return (error as Error).message;
  }
};

describe('createReader', () => {
  const sent = fc.record({
    sizes: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
    id: fc.constantFrom('', 'a', 'ü'),
    first: fc.integer({ min: 0, max: 255 }),
    extra: fc.constantFrom(0, 0, 0, 1, -1),
  });

  test.prop([fc.array(sent, { maxLength: 30 })])(
    'reads every request as if it were the first',
    (requests) => {
      const read = createReader(limits);
      for (const request of requests) {
        const { bytes, length } = bodyOf(request);
        expect(outcome(() => read(bytes, length))).toEqual(
          outcome(() => readInferRequest(bytes, length, limits)),
        );
      }
    },
  );

  it('takes wrong lengths as readInferRequest does', () => {
    const read = createReader(limits);
    const { bytes } = bodyOf({ sizes: [2], id: '', first: 7, extra: 0 });
    const right = String(bytes.length - 2);
    expect(read(bytes, right).request!.inputs).toHaveLength(1);
    for (const length of [
      undefined,
      '0',
      'x',
      '-1',
      '1e1',
      '999',
      `0${right}`,
      ` ${right}`,
      `${right}.0`,
      `+${right}`,
    ])
      expect(outcome(() => read(bytes, length))).toEqual(
        outcome(() => readInferRequest(bytes, length, limits)),
      );
  });

  it('forgets heads, the oldest first', () => {
    const read = createReader(limits);
    for (let id = 0; id < 200; id++) {
      const { bytes, length } = bodyOf({ sizes: [1], id: String(id), first: id, extra: 0 });
      expect(read(bytes, length).request!.id).toBe(String(id));
    }
  });
});
