import type { BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import { describe, expect, it } from 'vitest';
import { InferenceError } from './errors.ts';
import type { Inputs } from './tensor.ts';
import { validateInputs } from './validate.ts';

const image: BundleTensor = { name: 'image', dtype: 'float32', shape: [null, 2, 3] };
const ids: BundleTensor = { name: 'ids', dtype: 'int64', shape: [null] };
const half: BundleTensor = { name: 'half', dtype: 'float16', shape: [null, 1] };
const one = { name: 'm', inputs: [image] };
const two = { name: 'm', inputs: [image, ids] };

describe('validateInputs', () => {
  it('orders tensors as the manifest does', () => {
    const data = new Float32Array(12);
    const tokens = new BigInt64Array(2);
    const valid = validateInputs(two, {
      ids: { data: tokens, dims: [2] },
      image: { data, dims: [2, 2, 3] },
    });
    expect(valid.rows).toBe(2);
    expect(valid.data.map(({ buffer }) => buffer)).toEqual([data.buffer, tokens.buffer]);
  });

  it('counts the rows of a bare array', () => {
    expect(validateInputs(one, new Float32Array(18)).rows).toBe(3);
  });

  it.each<[string, typeof one, Inputs, string]>([
    [
      'no whole rows',
      one,
      new Float32Array(7),
      'got 7 elements; the count must be a multiple of 6 (one row)',
    ],
    ['nothing', one, new Float32Array(0), 'got 0 elements'],
    ['bare for two', two, new Float32Array(6), 'there are 2 inputs'],
    ['missing', two, { image: { data: new Float32Array(6), dims: [1, 2, 3] } }, '"ids" is missing'],
    [
      'unknown',
      one,
      { picture: { data: new Float32Array(6), dims: [1, 2, 3] } },
      'no input "picture"',
    ],
    ['rank', one, { image: { data: new Float32Array(6), dims: [1, 6] } }, 'shape [1, 6]'],
    ['side', one, { image: { data: new Float32Array(6), dims: [1, 3, 2] } }, 'shape [1, 3, 2]'],
    ['no rows', one, { image: { data: new Float32Array(0), dims: [0, 2, 3] } }, '1 row or more'],
    ['negative', one, { image: { data: new Float32Array(6), dims: [-1, 2, 3] } }, '1 row or more'],
    ['fraction', one, { image: { data: new Float32Array(9), dims: [1.5, 2, 3] } }, '1 row or more'],
    ['dtype', one, { image: { data: new Int32Array(6), dims: [1, 2, 3] } }, 'Pass a Float32Array'],
    ['length', one, { image: { data: new Float32Array(5), dims: [1, 2, 3] } }, 'has 5 elements'],
    [
      'half as float',
      { name: 'm', inputs: [half] },
      { half: { data: new Float32Array(1), dims: [1, 1] } },
      'Pass a Uint16Array of raw bits',
    ],
    [
      'rows that differ',
      two,
      {
        image: { data: new Float32Array(6), dims: [1, 2, 3] },
        ids: { data: new BigInt64Array(2), dims: [2] },
      },
      '"image" has 1 rows, "ids" has 2',
    ],
    [
      'a name of Object.prototype',
      { name: 'm', inputs: [{ ...image, name: 'toString' }] },
      {},
      '"toString" is missing',
    ],
  ])('refuses %s', (_, manifest, inputs, text) => {
    const act = (): unknown => validateInputs(manifest, inputs);
    expect(act).toThrow(InferenceError);
    expect(act).toThrow(text);
    expect(act).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  });

  it('says what it takes', () => {
    expect(() => validateInputs(two, {})).toThrowErrorMatchingInlineSnapshot(
      `[InferenceError: Cannot run ensemble "m": input "image" is missing. Pass: "image" float32 [rows, 2, 3], "ids" int64 [rows].]`,
    );
  });
});
