import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAll, streamOf } from '@snapshot-ensemble/bytes';
import { StoreError } from '../store-error.ts';
import type { DType, NamedTensor, Weights } from '../tensor.ts';
import {
  everyDtype,
  fingerprint,
  readTensors,
  tensorFrom,
  tensorStream,
  weightsFrom,
} from '../testing/tensors.ts';
import { decodeSafetensors, decodeSafetensorsStream } from './read.ts';
import { encodeSafetensors, streamSafetensors } from './write.ts';

const mutants = process.env['TIER'] === 'long' ? 100_000 : 2000;

const dtype = fc.constantFrom<DType>(
  'float64',
  'float32',
  'float16',
  'bfloat16',
  'int32',
  'int64',
  'uint8',
  'bool',
);
const shape = fc.array(fc.nat(4), { maxLength: 3 });
const tensors: fc.Arbitrary<Weights> = fc
  .uniqueArray(
    fc.record({ name: fc.string({ unit: 'grapheme' }), dtype, shape, seed: fc.nat(1000) }),
    {
      selector: ({ name }) => name,
      maxLength: 6,
    },
  )
  .map((all) => all.map(({ seed, ...spec }) => tensorFrom(spec, seed)));

/** Zero-sized tensors share their place, so only the others keep their order. */
const byName = (all: Weights): string =>
  fingerprint(all.toSorted((a, b) => (a.name < b.name ? -1 : 1)));

/** A file with this header and so many bytes of data. */
function fileOf(header: string, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

function failureOf(action: () => unknown): { code: unknown; message: string } {
  try {
    action();
  } catch (error) {
    if (error instanceof StoreError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('It was read.');
}

/** Cuts bytes into pieces of these lengths, over and over. */
async function* inPieces(
  bytes: Uint8Array,
  lengths: readonly number[],
): AsyncGenerator<Uint8Array> {
  for (let start = 0, index = 0; start < bytes.length; index += 1) {
    const length = lengths[index % lengths.length]! + 1;
    yield* streamOf(bytes.subarray(start, start + length));
    start += length;
  }
}

describe('a safetensors file', () => {
  it('comes back bit by bit, whole and in pieces', async () => {
    const property = fc.asyncProperty(
      tensors,
      fc.array(fc.nat(50), { minLength: 1, maxLength: 5 }),
      async (all, lengths) => {
        const bytes = encodeSafetensors(all, { run: 'a' });
        const streamed = await readAll(streamSafetensors(all, tensorStream(all), { run: 'a' }));
        expect(streamed).toEqual(bytes);
        const whole = decodeSafetensors(bytes);
        expect(byName(whole.tensors)).toBe(byName(all));
        expect(whole.metadata).toEqual({ run: 'a' });
        const pieces = decodeSafetensorsStream(inPieces(bytes, lengths), bytes.length);
        expect(byName(await readTensors(pieces))).toBe(byName(all));
        const reused: NamedTensor[] = [];
        const shared = decodeSafetensorsStream(inPieces(bytes, lengths), bytes.length, {
          reuseData: true,
        });
        for await (const tensor of shared) reused.push(structuredClone(tensor));
        expect(byName(reused)).toBe(byName(all));
      },
    );
    await fc.assert(property, { numRuns: 300, seed: 1 });
  });

  it('keeps the order of tensors, numbers as names included', () => {
    const names = ['10', '2', 'b', 'a', '__proto__', '1'];
    const all = names.map((name, index) =>
      tensorFrom({ name, dtype: 'float32', shape: [2] }, index),
    );
    expect(decodeSafetensors(encodeSafetensors(all)).tensors.map(({ name }) => name)).toEqual(
      names,
    );
  });

  it('is read without copying what is aligned', () => {
    const bytes = encodeSafetensors(weightsFrom(everyDtype(), 1));
    for (const { dtype: type, data } of decodeSafetensors(bytes).tensors) {
      // The three bytes of uint8 come first and unalign all that is wider, up to the empty tensor.
      if (type === 'uint8' || type === 'bool') expect(data.buffer).toBe(bytes.buffer);
    }
    const floats = encodeSafetensors([tensorFrom({ name: 'w', dtype: 'float32', shape: [3] }, 1)]);
    expect(decodeSafetensors(floats).tensors[0]?.data.buffer).toBe(floats.buffer);
  });

  it('begins its tensors at a multiple of 8', () => {
    fc.assert(
      fc.property(tensors, (all) => {
        const [length = 1] = new BigUint64Array(encodeSafetensors(all).slice(0, 8).buffer);
        expect(Number(length) % 8).toBe(0);
      }),
      { seed: 1 },
    );
  });

  it.each<[string, Uint8Array, string]>([
    ['no bytes', new Uint8Array(0), 'takes 8'],
    ['half a length', new Uint8Array(5), 'takes 8'],
    [
      'a header longer than the file',
      Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0),
      'claims a header of 9 bytes',
    ],
    [
      'a header of 2^64 - 1',
      new Uint8Array(16).fill(255),
      'claims a header of 18446744073709551615 bytes',
    ],
    ['an empty header', fileOf(''), 'is not JSON'],
    ['no JSON', fileOf('{"a":'), 'is not JSON'],
    ['a list', fileOf('[]'), 'not a JSON object'],
    ['space before the header', fileOf(' {}'), 'not a JSON object'],
    ['broken UTF-8', Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0x7d), 'is not JSON'],
    ['data that no tensor has', fileOf('{}', 4), 'take 0 bytes, but 4 follow'],
    ['an entry that is no object', fileOf('{"a":1}'), 'entry of tensor "a"'],
    [
      'an unknown field',
      fileOf('{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"x":1}}', 1),
      'unknown field "x"',
    ],
    [
      'a shape with fractions',
      fileOf('{"a":{"dtype":"U8","shape":[0.5],"data_offsets":[0,1]}}', 1),
      'shape of tensor "a"',
    ],
    [
      'a negative size',
      fileOf('{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}', 1),
      'shape of tensor "a"',
    ],
    ...['0e4', '0E1', '-0', '0.0'].map((size): [string, Uint8Array, string] => [
      `a size written as ${size}`,
      fileOf(`{"\\"a":{"dtype":"U8","shape":[${size}],"data_offsets":[0,0]}}`, 0),
      'sign, point or exponent',
    ]),
    ['no shape', fileOf('{"a":{"dtype":"U8","data_offsets":[0,1]}}', 1), 'shape of tensor "a"'],
    [
      'one offset',
      fileOf('{"a":{"dtype":"U8","shape":[],"data_offsets":[0]}}', 1),
      'not two byte positions',
    ],
    [
      'a shape against its bytes',
      fileOf('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 4),
      'needs 8 bytes and is given 4',
    ],
    [
      'offsets backwards',
      fileOf('{"a":{"dtype":"U8","shape":[],"data_offsets":[1,0]}}', 1),
      'needs 1 bytes and is given -1',
    ],
    [
      'a product beyond all numbers',
      fileOf(
        `{"a":{"dtype":"U8","shape":[${Array(30).fill(9e15).join()}],"data_offsets":[0,1]}}`,
        1,
      ),
      'needs',
    ],
    ['a hole', fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', 2), 'leaves a hole'],
    [
      'an overlap',
      fileOf(
        '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
        3,
      ),
      'overlaps',
    ],
    [
      'a tensor beyond the end',
      fileOf('{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}', 4),
      'take 9 bytes, but 4 follow',
    ],
    ['metadata that is not text', fileOf('{"__metadata__":{"a":1}}'), '__metadata__'],
  ])('with %s is refused', async (_, bytes, message) => {
    expect(failureOf(() => decodeSafetensors(bytes))).toEqual({
      code: 'damaged',
      message: expect.stringContaining(message),
    });
    const pieces = readTensors(decodeSafetensorsStream(streamOf(bytes), bytes.length));
    await expect(pieces).rejects.toMatchObject({ code: 'damaged' });
  });

  it('of a dtype that we do not read says so', () => {
    const file = fileOf('{"a":{"dtype":"I16","shape":[],"data_offsets":[0,2]}}', 2);
    expect(failureOf(() => decodeSafetensors(file))).toMatchInlineSnapshot(`
      {
        "code": "unsupported",
        "message": "Tensor "a" has dtype "I16"; these are read: F64, F32, F16, BF16, I32, I64, U8, BOOL.",
      }
    `);
  });

  it('that is cut short or goes on is refused as a stream', async () => {
    const bytes = encodeSafetensors(weightsFrom(everyDtype(), 1));
    const read = (part: Uint8Array): Promise<Weights> =>
      readTensors(decodeSafetensorsStream(streamOf(part), bytes.length));
    for (let length = 0; length < bytes.length; length += 1) {
      await expect(read(bytes.subarray(0, length))).rejects.toMatchObject({ code: 'damaged' });
    }
    await expect(read(Uint8Array.of(...bytes, 0))).rejects.toThrow('continues after');
  });

  it('closes the stream that it reads when it fails', async () => {
    let isClosed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield* streamOf(new Uint8Array(16), new Uint8Array(16));
      } finally {
        isClosed = true;
      }
    }
    await expect(readTensors(decodeSafetensorsStream(source(), 32))).rejects.toThrow();
    expect(isClosed).toBe(true);
  });

  it(`of which ${mutants} mutants are read gives tensors or a typed error`, async () => {
    const codes: Record<string, number> = {};
    const property = fc.asyncProperty(
      tensors,
      fc.array(fc.record({ at: fc.nat(400), kind: fc.nat(4), byte: fc.nat(255) }), {
        minLength: 1,
        maxLength: 4,
      }),
      async (all, changes) => {
        const mutant = changes.reduce(changed, encodeSafetensors(all));
        const [whole, pieces] = await Promise.allSettled([
          Promise.resolve().then(() => decodeSafetensors(mutant).tensors),
          readTensors(decodeSafetensorsStream(streamOf(mutant), mutant.length)),
        ]);
        const verdict = (result: PromiseSettledResult<Weights>): string => {
          if (result.status === 'fulfilled') return 'read';
          return result.reason instanceof StoreError ? result.reason.code : String(result.reason);
        };
        codes[verdict(whole)] = (codes[verdict(whole)] ?? 0) + 1;
        expect(['read', 'damaged', 'unsupported']).toContain(verdict(whole));
        expect(verdict(pieces)).toBe(verdict(whole));
      },
    );
    await fc.assert(property, { numRuns: mutants, seed: 4 });
    // The judge sees both kinds, or it judges nothing.
    expect(Object.keys(codes)).toEqual(expect.arrayContaining(['read', 'damaged']));
  }, 600_000);
});

function changed(
  bytes: Uint8Array,
  { at, kind, byte }: { at: number; kind: number; byte: number },
): Uint8Array {
  const place = Math.min(at, bytes.length);
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  const digits = new TextEncoder().encode('0123456789,[]{}":');
  switch (kind) {
    case 0:
      return Uint8Array.of(...before, byte, ...after.subarray(1));
    case 1:
      return Uint8Array.of(...before, digits[byte % digits.length]!, ...after.subarray(1));
    case 2:
      return Uint8Array.of(...before, ...after.subarray(byte % 8));
    case 3:
      return Uint8Array.of(...before, byte, ...after);
    default:
      return before.length > 8 ? before : bytes;
  }
}

describe('writing safetensors', () => {
  const spec = { name: 'w', dtype: 'float32' as const, shape: [2] };
  const tensor: NamedTensor = { ...spec, data: Float32Array.of(1, 2) };

  it.each<[string, Weights, string]>([
    ['two tensors of one name', [tensor, tensor], 'named "w"'],
    ['the name of the metadata', [{ ...tensor, name: '__metadata__' }], 'named "__metadata__"'],
    ['half a surrogate', [{ ...tensor, name: '\ud800' }], 'well-formed'],
    [
      'too few elements',
      [{ ...tensor, shape: [3] }],
      'holds 2 elements of 4 bytes, expected 3 of 4',
    ],
  ])('refuses %s', (_, all, message) => {
    expect(() => encodeSafetensors(all)).toThrow(new RegExp(message.replaceAll('"', '.')));
  });

  it.each<[string, Weights, string]>([
    [
      'another dtype',
      [{ ...spec, dtype: 'int32', data: new Int32Array(2) }],
      'is int32 [2], expected float32 [2]',
    ],
    ['another shape', [{ ...tensor, shape: [1, 2] }], 'is float32 [1, 2], expected float32 [2]'],
    ['too many tensors', [tensor, tensor], 'after all 1 expected ones'],
    ['too few tensors', [], 'Got 0 tensors, expected 1: "w" is missing'],
  ])('refuses a stream with %s', async (_, all, message) => {
    await expect(readAll(streamSafetensors([spec], tensorStream(all)))).rejects.toThrow(message);
  });
});
