import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinChunks, measured, readAll, readInto, sha256, streamOf, tap } from './index.ts';
import { sha256 as nodeSha256 } from './node/sha256.ts';
import { sha256 as webSha256 } from './platform/web.ts';

const cut = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 });

describe('a stream', () => {
  it('joins to the same bytes, and hashes as OpenSSL does, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(cut, async (chunks) => {
        const whole = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
        const { stream, sum } = measured(streamOf(...chunks));
        expect(await readAll(stream)).toEqual(whole);
        expect(joinChunks(chunks)).toEqual(whole);
        const target = new Uint8Array(whole.length);
        expect(await readInto(target, streamOf(...chunks))).toBe(whole.length);
        expect(target).toEqual(whole);
        expect(sum()).toEqual({
          bytes: whole.length,
          sha256: createHash('sha256').update(whole).digest('hex'),
        });
      }),
      { seed: 1 },
    );
  });

  it('may reuse the memory of its chunks', async () => {
    const chunk = new Uint8Array(1);
    const reused = async function* (): AsyncGenerator<Uint8Array> {
      for (chunk[0] = 1; chunk[0] < 4; chunk[0] += 1) yield await Promise.resolve(chunk);
    };
    expect(await readAll(reused())).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('is refused at the first byte that does not fit', async () => {
    let asked = 0;
    const endless = tap(
      streamOf(Uint8Array.of(1, 2), Uint8Array.of(3, 4), Uint8Array.of(5)),
      () => {
        asked += 1;
      },
    );
    await expect(readInto(new Uint8Array(3), endless)).rejects.toThrow(
      'The stream holds more than the 3 bytes it must fit in.',
    );
    expect(asked).toBe(2);
  });
});

describe.each([
  ['the platform', sha256],
  ['the browser', webSha256],
])('sha256 of %s', (_, create) => {
  it('agrees with the examples of FIPS 180-2, appendix B', () => {
    const of = (text: string): string => {
      const hash = create();
      hash.update(new TextEncoder().encode(text));
      return hash.hex();
    };
    expect(of('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(of('a'.repeat(1_000_000))).toBe(
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    );
  });
});

it('takes the platform’s SHA-256 where it has one that takes a stream', () => {
  expect(sha256).toBe(nodeSha256);
});
