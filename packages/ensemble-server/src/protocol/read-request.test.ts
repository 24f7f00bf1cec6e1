import { fc, test } from '@fast-check/vitest';
import type { BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import { describe, expect } from 'vitest';
import { ServerError } from '../errors.ts';
import { parseJson } from './parse-json.ts';
import { readRequest } from './read-request.ts';

const x: BundleTensor = { name: 'x', dtype: 'float32', shape: [null, 2] };
const graph = { name: 'm', inputs: [x] };
const limits = { maxDepth: 8, maxValues: 100 };

const good = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] };
/** Objects that look like requests, with some things wrong. */
const nearly = fc.record(
  {
    id: fc.oneof(fc.string(), fc.jsonValue()),
    parameters: fc.oneof(fc.constant({ binary_data_output: true }), fc.jsonValue()),
    inputs: fc.oneof(
      fc.array(
        fc.record(
          {
            name: fc.constantFrom('x', 'y', 3),
            datatype: fc.constantFrom('FP32', 'INT8'),
            shape: fc.oneof(fc.constant([1, 2]), fc.array(fc.integer()), fc.jsonValue()),
            data: fc.oneof(fc.constant([1, 2]), fc.jsonValue()),
            parameters: fc.oneof(fc.record({ binary_data_size: fc.integer() }), fc.jsonValue()),
          },
          { requiredKeys: [] },
        ),
        { maxLength: 3 },
      ),
      fc.constant([good]),
      fc.jsonValue(),
    ),
    outputs: fc.oneof(fc.array(fc.record({ name: fc.string() })), fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const headerLength = fc.option(fc.oneof(fc.nat(200).map(String), fc.string()), { nil: undefined });

describe('readRequest', () => {
  test.prop([
    fc.oneof(
      nearly.map((value) => Buffer.from(JSON.stringify(value))),
      fc.uint8Array({ maxLength: 200 }),
    ),
    headerLength,
  ])('either reads a body or says what is wrong with it', (bytes, length) => {
    try {
      const { inputs } = readRequest(graph, { bytes, headerLength: length }, limits);
      for (const { data, dims } of Object.values(inputs))
        expect(dims.reduce((product, side) => product * side, 1)).toBe(data.length);
    } catch (error) {
      expect(error).toBeInstanceOf(ServerError);
      expect((error as ServerError).status).toBe(400);
    }
  });

  test.prop([fc.array(fc.float({ noNaN: true }), { minLength: 2, maxLength: 2 }), fc.nat(7)])(
    'reads elements at any offset',
    (values, padding) => {
      const data = Float32Array.from(values);
      const input = { ...good, data: undefined, parameters: { binary_data_size: 8 } };
      const json = Buffer.from(JSON.stringify({ inputs: [input] }) + ' '.repeat(padding));
      const bytes = Buffer.concat([json, Buffer.from(data.buffer)]);
      const body = { bytes, headerLength: String(json.length) };
      expect(readRequest(graph, body, limits).inputs['x']!.data).toEqual(data);
    },
  );
});

describe('parseJson', () => {
  // What stands in strings is no structure.
  test.prop([fc.string({ unit: fc.constantFrom('[', '{', ',', '"', '\\', 'ü'), maxLength: 50 })])(
    'counts nothing inside strings',
    (text) => {
      const bytes = Buffer.from(JSON.stringify({ id: text }));
      expect(parseJson(bytes, { maxDepth: 1, maxValues: 1 })).toEqual({ id: text });
    },
  );

  test.prop([fc.jsonValue({ maxDepth: 9 })])('refuses exactly what is too deep', (value) => {
    const depth = (item: unknown): number =>
      typeof item === 'object' && item !== null
        ? 1 + Math.max(0, ...Object.values(item).map(depth))
        : 0;
    const act = (): unknown =>
      parseJson(Buffer.from(JSON.stringify(value)), { maxDepth: 3, maxValues: 1e6 });
    if (depth(value) > 3) expect(act).toThrow('nested deeper than 3');
    else expect(act()).toEqual(JSON.parse(JSON.stringify(value)));
  });
});
