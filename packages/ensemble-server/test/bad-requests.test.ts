import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type RunningServer } from '../src/index.ts';
import { identity, joined, post, readError, tiny, x } from './helpers.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await serve({
    bundles: { tiny, 'one of each': identity },
    port: 0,
    limits: { bodyBytes: 100_000 },
  });
});
afterAll(() => server.close());

describe('bad requests', () => {
  const one = { shape: [1, 4], data: [1, 2, 3, 4] };
  const long = `{"inputs":[${' '.repeat(100_000)}]}`;
  it.each<[string, object | string, number, string]>([
    ['an empty body', '', 400, 'its body is empty'],
    ['no JSON', '{"inputs":', 400, 'its JSON does not parse: it ends too early'],
    ['a bare NaN', '{"inputs":[{"data":[NaN]}]}', 400, 'NaN and Infinity are not JSON'],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, 'is not UTF-8'],
    ['no object', '[1]', 400, 'the body is [1]; it must be an object'],
    ['a body too large', long, 413, 'larger than 100000 bytes'],
    ['deep JSON', '['.repeat(50_000), 400, 'nested deeper than 100'],
    ['no inputs', {}, 400, 'inputs is missing; it must be an array'],
    ['a prototype', '{"__proto__":{"inputs":[]}}', 400, 'inputs is missing'],
    ['an input without a name', { inputs: [{}] }, 400, 'inputs[0].name is missing'],
    ['an unknown input', { inputs: [x({ name: 'y' })] }, 400, 'has no input "y". Its inputs: "x".'],
    ['an input twice', { inputs: [x(one), x(one)] }, 400, 'input "x" occurs twice'],
    ['an input too few', { inputs: [] }, 400, 'input "x" is missing'],
    [
      'another datatype',
      { inputs: [x({ datatype: 'FP64' })] },
      400,
      'has datatype "FP64"; it must be "FP32"',
    ],
    ['no shape', { inputs: [x({ shape: undefined })] }, 400, 'shape of input "x" is missing'],
    [
      'a negative shape',
      { inputs: [x({ shape: [-1, 4] })] },
      400,
      'is -1; it must be a whole number from 0',
    ],
    [
      'a shape that overflows',
      { inputs: [x({ shape: [2 ** 52, 2 ** 52] })] },
      400,
      '20 elements, its shape needs',
    ],
    [
      'another shape',
      { inputs: [x({ shape: [4, 5] })] },
      400,
      'shape [4, 5]. Allowed: "x" float32 [rows, 4]',
    ],
    ['no rows', { inputs: [x({ shape: [0, 4], data: [] })] }, 400, 'with 1 row or more'],
    ['too few elements', { inputs: [x({ data: [1] })] }, 400, 'has 1 elements, its shape needs 20'],
    [
      'text for a number',
      { inputs: [x({ ...one, data: [1, 2, '3', 4] })] },
      400,
      'element 2 of inputs[0].data is "3"',
    ],
    [
      'a float32 that overflows',
      { inputs: [x({ ...one, data: [1, 2, 3, 1e39] })] },
      400,
      'element 3 of input "x" is 1e+39',
    ],
    ['no data', { inputs: [x({ data: undefined })] }, 400, 'data of input "x" is missing'],
    [
      'binary data that is not there',
      { inputs: [x({ data: undefined, parameters: { binary_data_size: 80 } })] },
      400,
      'needs 80 bytes of binary data; 0 are left',
    ],
    [
      'a wrong binary size',
      { inputs: [x({ data: undefined, parameters: { binary_data_size: 79 } })] },
      400,
      'needs 79 bytes of binary data; 0 are left',
    ],
    [
      'data of both kinds',
      { inputs: [x({ parameters: { binary_data_size: 80 } })] },
      400,
      'both data and binary_data_size',
    ],
    [
      'shared memory',
      { inputs: [x({ parameters: { shared_memory_region: 'a' } })] },
      400,
      'shared memory, an extension',
    ],
    [
      'a classification of what has no classes',
      { inputs: [x()], outputs: [{ name: 'probs.members', parameters: { classification: 2 } }] },
      400,
      'of a prediction of shape [rows, classes]',
    ],
    [
      'an unknown output',
      { inputs: [x()], outputs: [{ name: 'z' }] },
      400,
      'has no output "z". Its outputs: probs, ',
    ],
    [
      'an output twice',
      { inputs: [x()], outputs: [{ name: 'probs' }, { name: 'probs' }] },
      400,
      'output "probs" is requested twice',
    ],
    ['a number as id', { id: 7, inputs: [x()] }, 400, 'id is 7; it must be a string'],
    [
      'a reserved parameter',
      { parameters: { triton_x: 1 }, inputs: [x()] },
      400,
      'the reserved prefix "triton_"',
    ],
    ['a sequence', { parameters: { sequence_id: 3 }, inputs: [x()] }, 400, 'sequence_id is set'],
    [
      'a bad timeout',
      { parameters: { timeout: -1 }, inputs: [x()] },
      400,
      'the parameter timeout is -1',
    ],
  ])('answers %s', async (_, body, status, text) => {
    const response = await post(server, body);
    expect(await readError(response)).toContain(text);
    expect(response.status).toBe(status);
  });

  it.each(['-1', '1e2', '999', 'x', '0x1'])('refuses a header length of %s', async (length) => {
    const response = await post(server, '{}', { 'Inference-Header-Content-Length': length });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('must be a whole number from 0 to the 2 bytes');
  });

  it('refuses bytes that belong to no input', async () => {
    const [body, headers] = joined({ inputs: [x()] }, new Uint8Array(3));
    const response = await post(server, body, headers);
    expect(await response.text()).toContain('3 bytes of binary data belong to no input');
  });

  it.each(['application/json; charset=utf-8', 'application/octet-stream', 'garbage;;'])(
    'reads whatever Content-Type %s says',
    async (type) => {
      const response = await post(server, { inputs: [x()] }, { 'Content-Type': type });
      expect(response.status).toBe(200);
    },
  );

  it('still answers after all of that', async () => {
    expect((await post(server, { inputs: [x()] })).status).toBe(200);
  });
});
