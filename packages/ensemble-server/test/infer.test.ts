import { request as httpRequest, Agent, type IncomingMessage } from 'node:http';
import { deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type RunningServer } from '../src/index.ts';
import {
  expected,
  identity,
  joined,
  largestDifference,
  post,
  readError,
  readJson,
  split,
  tiny,
  TOLERANCE,
  x,
  type InferBody,
} from './helpers.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await serve({
    bundles: { tiny, 'one of each': identity },
    port: 0,
    limits: { bodyBytes: 100_000 },
  });
});
afterAll(() => server.close());

describe('infer with JSON', () => {
  it('answers what NumPy computed', async () => {
    const response = await post(server, { id: 'seven', inputs: [x()] });
    expect(response.status).toBe(200);
    const { outputs, ...head } = await readJson(response);
    expect(head).toEqual({
      id: 'seven',
      model_name: 'tiny',
      model_version: '1',
      parameters: { members_used: 2 },
    });
    expect(outputs.map(({ name }) => name)).toEqual([
      'probs',
      'probs.predictive_entropy',
      'probs.expected_entropy',
      'probs.mutual_information',
    ]);
    expect(largestDifference(outputs)).toBeLessThan(TOLERANCE);
  });

  it('takes flat data, and gives outputs in the order asked for', async () => {
    const outputs = [{ name: 'probs.members' }, { name: 'probs' }];
    const response = await post(server, { inputs: [x({ data: expected['x']!.flat() })], outputs });
    const body = await readJson(response);
    expect(body).not.toHaveProperty('id');
    expect(body.outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['probs.members', [5, 2, 3]],
      ['probs', [5, 3]],
    ]);
    expect(largestDifference(body.outputs)).toBeLessThan(TOLERANCE);
  });

  it('writes float32 so that it reads back the same, with no digit too many', async () => {
    const data = [0.1, 1 / 3, 16777217, 1e-30, 0, 3.4028234663852886e38];
    const inputs = [
      { name: 'float32_in', datatype: 'FP32', shape: [3, 2], data },
      { name: 'int32_in', datatype: 'INT32', shape: [3, 2], data: Array(6).fill(-7) },
      { name: 'int64_in', datatype: 'INT64', shape: [3, 2], data: Array(6).fill(2 ** 53 - 1) },
      { name: 'uint8_in', datatype: 'UINT8', shape: [3, 2], data: Array(6).fill(255) },
      { name: 'bool_in', datatype: 'BOOL', shape: [3, 2], data: [true, false, 1, 0, true, true] },
      halves(3),
    ];
    const [body, headers] = joined({ inputs, outputs: jsonOutputs }, new Uint16Array(6));
    const text = await (await post(server, body, headers, 'one of each')).text();
    const output = (name: string) =>
      (JSON.parse(text) as InferBody).outputs.find((o) => o.name === name)!.data!;
    expect(Float32Array.from(output('float32_out') as number[])).toEqual(Float32Array.from(data));
    expect(text).toContain('"data":[0.1,0.33333334,16777216,1e-30,0,3.4028235e+38]');
    expect(output('int64_out')[0]).toBe(2 ** 53 - 1);
    expect(output('bool_out')).toEqual([true, false, true, false, true, true]);
    expect(output('uint8_out')[5]).toBe(255);
    expect(output('int32_out')[5]).toBe(-7);
  });
});

const jsonOutputs = ['float32_out', 'int32_out', 'int64_out', 'uint8_out', 'bool_out'].map(
  (name) => ({ name }),
);
const halves = (rows: number): object => ({
  name: 'float16_in',
  datatype: 'FP16',
  shape: [rows, 2],
  parameters: { binary_data_size: 4 * rows },
});

describe('infer with binary tensors', () => {
  const floats = Float32Array.from(expected['x']!.flat());

  it('takes and gives raw elements', async () => {
    const parameters = { binary_data_output: true };
    const inputs = [x({ data: undefined, parameters: { binary_data_size: 80 } })];
    const outputs = [
      { name: 'probs' },
      { name: 'probs.predictive_entropy', parameters: { binary_data: false } },
    ];
    const response = await post(server, ...joined({ parameters, inputs, outputs }, floats));
    expect(response.status).toBe(200);
    const { json, rest } = await split(response);
    const [probs, entropy] = json.outputs;
    expect(probs!.parameters).toEqual({ binary_data_size: 60 });
    const data = [...new Float32Array(new Uint8Array(rest).buffer)];
    expect(largestDifference([{ ...probs!, data }, entropy!])).toBeLessThan(TOLERANCE);
  });

  it('takes a body that is nothing but elements', async () => {
    const body = new Uint8Array(floats.buffer);
    const { json, rest } = await split(
      await post(server, body, { 'Inference-Header-Content-Length': '0' }),
    );
    expect(json.outputs.map(({ shape, parameters }) => [shape, parameters])).toEqual([
      [[5, 3], { binary_data_size: 60 }],
      [[5, 1], { binary_data_size: 20 }],
      [[5, 1], { binary_data_size: 20 }],
      [[5, 1], { binary_data_size: 20 }],
    ]);
    expect(rest.length).toBe(120);
  });
});

describe('bit patterns that JSON cannot carry', () => {
  const data = {
    FP32: ['float32_in', Float32Array.of(1, NaN)],
    FP16: ['float16_in', Uint16Array.of(0x7c00, 1)],
    INT32: ['int32_in', Int32Array.of(1, -1)],
    INT64: ['int64_in', BigInt64Array.of(1n, 2n ** 63n - 1n)],
    UINT8: ['uint8_in', Uint8Array.of(0, 255)],
    BOOL: ['bool_in', Uint8Array.of(1, 0)],
  } as const;
  const inputs = Object.entries(data).map(([datatype, [name, { byteLength }]]) => ({
    name,
    datatype,
    shape: [1, 2],
    parameters: { binary_data_size: byteLength },
  }));
  const tensors = Object.values(data).map(([, tensor]) => tensor);
  const send = (more: { parameters?: object; outputs?: object }): Promise<Response> =>
    post(
      server,
      ...joined(
        { inputs, ...more, parameters: { allow_non_finite: true, ...more.parameters } },
        ...tensors,
      ),
      'one of each',
    );

  it('pass unchanged as binary data', async () => {
    const { rest } = await split(await send({ parameters: { binary_data_output: true } }));
    expect(rest).toEqual(Buffer.concat(tensors.map(({ buffer }) => Buffer.from(buffer))));
  });

  it.each([
    ['float32_out', 422, 'Element 1 of output "float32_out" is NaN, which JSON cannot carry.'],
    ['float16_out', 400, 'output "float16_out" is FP16, which JSON cannot carry.'],
    ['int64_out', 422, 'Element 1 of output "int64_out" is 9223372036854775807'],
  ])('are refused as JSON: %s', async (name, status, text) => {
    const response = await send({ outputs: [{ name }] });
    expect(response.status).toBe(status);
    expect(await readError(response)).toContain(text);
  });
});

describe('numbers that are none', () => {
  const send = (values: readonly number[]): Promise<Response> =>
    post(
      server,
      ...joined(
        { inputs: [x({ data: undefined, shape: [1, 4], parameters: { binary_data_size: 16 } })] },
        Float32Array.from(values),
      ),
    );

  it('are refused as inputs', async () => {
    const response = await send([1, NaN, 3, 4]);
    expect(response.status).toBe(400);
    expect(await readError(response)).toContain('NaN');
  });

  it('are said to be the answer, where large inputs make them', async () => {
    const response = await send([3e38, -3e38, 3e38, 3e38]);
    expect(response.status).toBe(422);
  });
});

describe('compression', () => {
  const body = JSON.stringify({ inputs: [x()] });

  it.each([
    ['gzip', gzipSync(body)],
    ['GZIP', gzipSync(body)],
    ['deflate', deflateSync(body)],
    ['identity', Buffer.from(body)],
  ])('reads a body in %s', async (encoding, bytes) => {
    const response = await post(server, bytes, { 'Content-Encoding': encoding });
    expect(largestDifference((await readJson(response)).outputs)).toBeLessThan(TOLERANCE);
  });

  it.each([
    ['br', gzipSync(body), 415, 'Content-Encoding is "br". Allowed: gzip, deflate.'],
    ['gzip', gzipSync(body).subarray(0, 40), 400, 'its body is not gzip'],
    ['gzip', Buffer.from(body), 400, 'its body is not gzip'],
    ['gzip', gzipSync(Buffer.alloc(100_001)), 413, 'larger than 100000 bytes'],
  ])('refuses %s that is wrong (%#)', async (encoding, bytes, status, text) => {
    const response = await post(server, bytes, { 'Content-Encoding': encoding });
    expect(response.status).toBe(status);
    expect(await readError(response)).toContain(text);
    if (status === 415) expect(response.headers.get('accept-encoding')).toBe('gzip, deflate');
  });

  it.each([
    ['gzip', 'gzip'],
    ['br, deflate;q=0.5', 'deflate'],
    ['gzip;q=0, identity', undefined],
  ])('answers Accept-Encoding: %s', async (accepted, encoding) => {
    const rows = 30;
    const data = Array.from({ length: 4 * rows }, (_, index) => index / 7);
    const response = await rawPost(JSON.stringify({ inputs: [x({ shape: [rows, 4], data })] }), {
      'Accept-Encoding': accepted,
    });
    expect(response.headers['content-encoding']).toBe(encoding);
    if (encoding === 'gzip')
      expect(JSON.parse(gunzipSync(response.body).toString())).toMatchObject({
        model_name: 'tiny',
      });
  });
});

/** `fetch` sets headers of its own; this sends nothing but what it is told. */
async function rawPost(
  body: string,
  headers: Record<string, string>,
): Promise<{ headers: IncomingMessage['headers']; body: Buffer; status: number | undefined }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpRequest(
      `${server.url}/v2/models/tiny/infer`,
      { method: 'POST', headers, agent: new Agent() },
      resolve,
    );
    request.on('error', reject).end(body);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { headers: response.headers, body: Buffer.concat(chunks), status: response.statusCode };
}
