import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type RunningServer } from '../src/index.ts';
import { identity, post, readError, tiny, x } from './helpers.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await serve({ bundles: { tiny, 'one of each': identity }, port: 0 });
});
afterAll(() => server.close());

const get = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`${server.url}${path}`, init);

describe('metadata and health', () => {
  it.each([
    [
      '/v2',
      {
        name: 'snapshot-ensemble',
        extensions: expect.arrayContaining(['binary_tensor_data', 'statistics']),
      },
    ],
    ['/v2/', { name: 'snapshot-ensemble' }],
    ['/v2/health/live', { live: true }],
    ['/v2/health/ready', { ready: true }],
    ['/v2/models', { models: ['tiny', 'one of each'] }],
    ['/v2/models/tiny/ready', { name: 'tiny', ready: true }],
    ['/v2/models/tiny/versions/1/ready', { name: 'tiny', ready: true }],
    ['/v2/models/one%20of%20each', { name: 'one of each' }],
    ['/v2/models/one%20of%20each/versions/1', { versions: ['1'], platform: 'snapshot_ensemble' }],
  ])('answers GET %s', async (path, body) => {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject(body);
  });

  it('counts runs by their rows, and the time of requests that failed', async () => {
    await post(server, { inputs: [x()] });
    await post(server, { inputs: [x()] });
    // More than float32 holds in the middle of the graph.
    await post(server, { inputs: [x({ data: Array<number>(20).fill(3e38) })] });
    const { model_stats: stats } = (await (await get('/v2/models/tiny/stats')).json()) as {
      model_stats: {
        inference_stats: { fail: { count: number; ns: number } };
        batch_stats: { batch_size: number; compute_infer: { count: number; ns: number } }[];
      }[];
    };
    const five = stats[0]!.batch_stats.find(({ batch_size: rows }) => rows === 5)!;
    expect(five.compute_infer.count).toBe(3);
    expect(five.compute_infer.ns).toBeGreaterThan(0);
    expect(stats[0]!.inference_stats.fail.count).toBe(1);
    expect(stats[0]!.inference_stats.fail.ns).toBeGreaterThan(0);
  });

  it('describes inputs and outputs', async () => {
    const { inputs, outputs } = (await (await get('/v2/models/tiny')).json()) as {
      inputs: object[];
      outputs: object[];
    };
    expect(inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [-1, 4] }]);
    expect(outputs[0]).toEqual({ name: 'probs', datatype: 'FP32', shape: [-1, 3] });
  });

  it.each([
    ['GET', '/v2/models/nope', 404, 'There is no model "nope". Models here: tiny, one of each.'],
    ['GET', '/v2/models/__proto__/ready', 404, 'There is no model "__proto__"'],
    ['GET', '/v2/models/tiny/versions/2', 404, 'Model "tiny" has no version "2". Versions: 1.'],
    ['POST', '/v2/models/nope/infer', 404, 'There is no model "nope"'],
    ['POST', '/v2/models/one%20of%20none/infer?a=b', 404, 'There is no model "one of none"'],
    ['POST', '/v2/models/tiny/versions/7/infer', 404, 'Model "tiny" has no version "7"'],
    ['POST', '/v2/models/%ff/infer', 400, '"%ff" in its URL is not percent-encoded UTF-8.'],
    ['POST', '/v2/models//infer', 404, 'There is no model ""'],
    ['POST', '/v2/models/tiny/versions//infer', 404, 'Model "tiny" has no version ""'],
    ['POST', '/v2/models/tiny/infer/', 404, 'There is no route POST /v2/models/tiny/infer/.'],
    ['POST', '/v2/health/live', 405, 'POST is not allowed here; use GET.'],
    ['GET', '/v3', 404, 'There is no route GET /v3.'],
    ['GET', '/v2/models/tiny/infer', 405, 'GET is not allowed here; use POST.'],
    ['DELETE', '/v2/models/tiny', 405, 'DELETE is not allowed here; use GET.'],
    ['GET', '/v2/models/%ff', 400, "'/v2/models/%ff' is not a valid url component"],
  ])('answers %s %s with %i', async (method, path, status, text) => {
    const response = await get(path, { method });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await readError(response)).toContain(text);
    if (status === 405)
      expect(response.headers.get('allow')).toMatch(/^(GET, HEAD|POST), OPTIONS$/);
  });
});

it('lets a page of an allowed site read an answer, and caches tell sites and encodings apart', async () => {
  const site = 'https://a.example';
  const own = await serve({ bundles: { tiny }, port: 0, allowedOrigins: [site] });
  const send = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${own.url}/v2/models/tiny/infer`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ inputs: [x()] }),
    });
  const answer = await send({ Origin: site });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('access-control-allow-origin')).toBe(site);
  expect(answer.headers.get('vary')).toBe('Origin, Accept-Encoding');
  const other = await send({});
  expect(other.headers.get('access-control-allow-origin')).toBeNull();
  expect(other.headers.get('vary')).toBe('Accept-Encoding');
  await own.close();
});

describe('metrics', () => {
  it('count what was answered and what was not', async () => {
    const own = await serve({ bundles: { m: tiny }, port: 0 });
    const send = (body: object): Promise<Response> =>
      fetch(`${own.url}/v2/models/m/infer`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
    await send({ inputs: [x()] });
    await send({ inputs: [x()] });
    await send({ inputs: [x({ shape: [4, 5] })] });
    const response = await fetch(`${own.url}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain');
    const text = await response.text();
    const value = (name: string, reason = ''): number =>
      Number(new RegExp(`^${name}\\{model="m",version="1"${reason}\\} (.+)$`, 'm').exec(text)![1]);
    expect(value('nv_inference_request_success')).toBe(2);
    expect(value('nv_inference_request_failure', ',reason="OTHER"')).toBe(1);
    expect(value('nv_inference_count')).toBe(10);
    expect(value('nv_inference_exec_count')).toBe(2);
    expect(value('nv_inference_pending_request_count')).toBe(0);
    expect(value('nv_inference_compute_infer_duration_us')).toBeGreaterThan(0);
    expect(value('nv_inference_request_duration_us')).toBeGreaterThan(
      value('nv_inference_compute_infer_duration_us'),
    );
    await own.close();
  });
});
