import { request as httpRequest, type IncomingMessage } from 'node:http';
import { createServer, connect, type AddressInfo } from 'node:net';
import { memoryBundle } from '@snapshot-ensemble/ensemble-bundle';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type RunningServer } from '../src/index.ts';
import { identity, largestDifference, tiny, TOLERANCE, x, type InferBody } from './helpers.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await serve({ bundles: { tiny, 'one of each': identity }, port: 0 });
});
afterAll(() => server.close());

describe('serve', () => {
  it('says that a port is in use, and leaves nothing behind', async () => {
    const { port } = new URL(server.url);
    await expect(serve({ bundles: { m: tiny }, port: Number(port) })).rejects.toMatchObject({
      code: 'port-in-use',
      message: `Cannot listen on 127.0.0.1:${port}: the port is in use. Stop what listens there, or pass another port (0 takes a free one).`,
    });
  });

  it('says that a host is not of this machine', async () => {
    await expect(serve({ bundles: { m: tiny }, host: '192.0.2.1', port: 0 })).rejects.toMatchObject(
      { code: 'cannot-listen' },
    );
  });

  it('does not start with a bundle that is not there', async () => {
    await expect(serve({ bundles: { tiny, m: memoryBundle() }, port: 0 })).rejects.toMatchObject({
      code: 'missing-file',
    });
  });

  it.each([
    [{ bundles: {} }, 'Name at least one'],
    [{ bundles: { 'a/b': tiny } }, 'bundles are named [a/b]'],
    [{ bundles: { m: tiny }, port: 70_000 }, 'port is 70000. Pass a whole number from 0 to 65535.'],
    [{ bundles: { m: tiny }, limits: { bodyBytes: 0 } }, 'limits.bodyBytes is 0'],
  ])('refuses impossible options (%#)', async (options, text) => {
    await expect(serve(options)).rejects.toThrow(RangeError);
    await expect(serve(options)).rejects.toThrow(text);
  });

  it('answers what it accepted before it closes', async () => {
    const own = await serve({
      bundles: { m: tiny },
      port: 0,
      runtime: { batching: { maxRows: 1 } },
    });
    const body = JSON.stringify({ inputs: [x()] });
    const headers = { 'Content-Length': String(body.length) };
    // The head has arrived when the server asks for the rest; only then is the request accepted.
    const request = httpRequest(`${own.url}/v2/models/m/infer`, {
      method: 'POST',
      headers: { ...headers, Expect: '100-continue' },
    });
    await new Promise((resolve) => {
      request.on('continue', resolve).flushHeaders();
    });
    const closing = own.close();
    const answer = new Promise<IncomingMessage>((resolve) => request.on('response', resolve));
    request.end(body);
    const response = await answer;
    expect(response.statusCode).toBe(200);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const { outputs } = JSON.parse(Buffer.concat(chunks).toString()) as InferBody;
    expect(largestDifference(outputs)).toBeLessThan(TOLERANCE);
    await closing;
    await own.close();
    await expect(fetch(own.url)).rejects.toThrow('fetch failed');
  });

  it('does not wait for ever for a client that never ends its request', async () => {
    const own = await serve({ bundles: { m: tiny }, port: 0, shutdownMs: 50 });
    const { port } = new URL(own.url);
    const socket = connect(Number(port), '127.0.0.1');
    const ended = new Promise((resolve) =>
      socket.on('close', resolve).on('error', () => undefined),
    );
    await new Promise<void>((resolve) => {
      socket.write(
        'POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n{',
      );
      socket.once('data', () => {
        resolve();
      });
    });
    await own.close();
    await ended;
  });

  it('frees its port', async () => {
    const own = await serve({ bundles: { m: tiny }, port: 0 });
    const port = Number(new URL(own.url).port);
    await own.close();
    const next = createServer();
    await new Promise<void>((resolve) => next.listen(port, '127.0.0.1', resolve));
    expect((next.address() as AddressInfo).port).toBe(port);
    await new Promise((resolve) => next.close(resolve));
  });
});
