import { connect, type AddressInfo } from 'node:net';
import { InferenceError, type Ensemble, type Tensors } from '@snapshot-ensemble/ensemble-runtime';
import { afterEach, describe, expect, it } from 'vitest';
import { createApp } from './create-app.ts';
import { createMetrics } from './metrics.ts';

type Predict = Ensemble['predict'];

const manifest = {
  name: 'm',
  inputs: [{ name: 'x', dtype: 'int32', shape: [null, 1] }],
  outputs: [{ name: 'y', dtype: 'int32', shape: [null, 1], role: 'prediction', of: 'y' }],
};
const body = { inputs: [{ name: 'x', datatype: 'INT32', shape: [1, 1], data: [7] }] };
const echo: Predict = (inputs) =>
  Promise.resolve({
    outputs: { y: (inputs as unknown as Tensors)['x']! },
    membersUsed: Uint32Array.of(1),
  });
/** Waits for its signal. */
const stuck: Predict = (_, options) =>
  new Promise((_resolve, reject) => {
    const { signal } = options!;
    signal!.addEventListener('abort', () => {
      reject(signal!.reason as Error);
    });
  });

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

function appWith(predict: Predict, errors: unknown[] = []) {
  const models = new Map([['m', { manifest, predict } as unknown as Ensemble]]);
  const limits = { maxDepth: 9, maxValues: 99 };
  const metrics = createMetrics(models);
  const app = createApp({ models, metrics, version: '1', bodyLimit: 999, limits }, (error) =>
    errors.push(error),
  );
  closers.push(async () => {
    await app.close();
  });
  return app;
}

const ask = (predict: Predict, parameters: object = {}, errors?: unknown[]) =>
  appWith(predict, errors).inject({
    method: 'POST',
    url: '/v2/models/m/infer',
    payload: JSON.stringify({ ...body, parameters }),
  });

describe('createApp', () => {
  it.each([
    ['overloaded', 503, '1'],
    ['deadline-exceeded', 503, '1'],
    ['worker-crashed', 503, '1'],
    ['closed', 503, '1'],
    ['invalid-input', 400, undefined],
    ['failed', 500, undefined],
  ] as const)('answers %s with %i', async (code, status, retryAfter) => {
    const errors: unknown[] = [];
    const error = new InferenceError(code, 'what happened');
    const response = await ask(() => Promise.reject(error), {}, errors);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toEqual({ error: 'what happened' });
    expect(response.headers['retry-after']).toBe(retryAfter);
    expect(errors).toEqual(status === 500 ? [error] : []);
  });

  it('answers what nobody foresaw with 500, and tells its owner', async () => {
    const errors: unknown[] = [];
    const error = new Error('no disk');
    const response = await ask(() => Promise.reject(error), {}, errors);
    expect(response.statusCode).toBe(500);
    expect(response.json()).toEqual({ error: 'The server failed: no disk' });
    expect(errors).toEqual([error]);
  });

  it.each([1, 1500])('hands on a timeout of %i microseconds as a deadline', async (timeout) => {
    const before = performance.now();
    let deadline: number | undefined;
    await ask(
      (inputs, options) => {
        deadline = options?.deadline;
        return echo(inputs);
      },
      { timeout },
    );
    expect(deadline).toBeGreaterThan(before);
  });

  it.each([0, 2 ** 53 - 1])('knows a timeout of %i microseconds', async (timeout) => {
    expect((await ask(echo, { timeout })).json()).toMatchObject({ outputs: [{ data: [7] }] });
  });

  it('aborts what nobody waits for any more', async () => {
    let began: () => void;
    const beginning = new Promise<void>((resolve) => (began = resolve));
    let aborted: () => void;
    const abortion = new Promise<void>((resolve) => (aborted = resolve));
    const app = appWith((inputs, options) => {
      options!.signal!.addEventListener('abort', () => {
        aborted();
      });
      began();
      return stuck(inputs, options);
    });
    await app.listen({ port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const socket = connect(port);
    const text = JSON.stringify(body);
    socket.write(
      `POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
    );
    await beginning;
    socket.destroy();
    await abortion;
  });
});
