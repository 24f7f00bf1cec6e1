import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { create, toBinary } from '@bufbuild/protobuf';
import { Client, compressionAlgorithms, credentials, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { ModelInferRequestSchema } from '../src/grpc/generated/inference_pb.ts';
import { serve, type RunningServer } from '../src/index.ts';
import { joined, post, tiny, x } from './helpers.ts';

const MIB = 2 ** 20;

async function metric(server: RunningServer, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (.+)$`, 'm').exec(text)?.[1]);
}

/** Sends bytes and tells the first line of each answer, and whether the connection ended. */
function talk(
  { url }: RunningServer,
  text: string,
): Promise<{ readonly lines: readonly string[]; readonly answer: string }> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1').on('data', (data: string) => (answer += data));
    socket
      .on('error', () => undefined)
      .on('close', () => {
        resolve({ lines: answer.match(/^HTTP\/1\.1 .*$/gm) ?? [], answer });
      });
    socket.write(text);
  });
}

/** gRPC status of a ModelInfer whose message is these bytes. */
const inferStatus = (client: Client, message: Uint8Array): Promise<number> =>
  statusOf(client, 'ModelInfer', message);

function statusOf(client: Client, method: string, message: Uint8Array): Promise<number> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      `/inference.GRPCInferenceService/${method}`,
      (bytes: Buffer) => bytes,
      (bytes) => bytes,
      Buffer.from(message),
      (error) => {
        resolve(error?.code ?? status.OK);
      },
    );
  });
}

/** A ModelInfer of which only these bytes are sent; its gRPC status, once there is one. */
function unfinished(
  session: ClientHttp2Session,
  bytes: Buffer,
  encoding = 'identity',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/inference.GRPCInferenceService/ModelInfer',
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-encoding': encoding,
    });
    stream
      .on('response', (headers) => {
        resolve(Number(headers['grpc-status']));
      })
      .on('error', reject);
    stream.resume().write(bytes);
  });
}

/** The first part of a message that says it is of so many bytes. */
function beginning(length: number, sent: number): Buffer {
  const bytes = Buffer.alloc(5 + sent);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

describe('overload of gRPC', () => {
  it('bounds the memory for messages that are not whole yet, and cuts off those that stand still', async () => {
    const limits = { bodyBytes: MIB / 4, bytesInFlight: MIB / 2, bodyStallMs: 500 };
    const server = await serve({ bundles: { tiny }, port: 0, grpcPort: 0, limits });
    const session = connectHttp2(`http://${server.grpc!}`);
    const came = await Promise.all(
      Array.from({ length: 10 }, () => unfinished(session, beginning(MIB / 4 - 1, MIB / 8))),
    );
    const count = (code: number): number => came.filter((each) => each === code).length;
    // Three or four fit; they stand still, and are cut off.
    expect(count(status.CANCELLED)).toBeGreaterThan(0);
    expect(count(status.CANCELLED)).toBeLessThanOrEqual(4);
    expect(count(status.UNAVAILABLE)).toBe(10 - count(status.CANCELLED));
    expect(await metric(server, 'snapshot_ensemble_bytes_in_flight')).toBe(0);
    expect(await metric(server, 'snapshot_ensemble_requests_in_flight')).toBe(0);
    session.close();
    await server.close();
  });

  it('answers calls for names while it is full, and refuses large messages to them', async () => {
    const server = await serve({ bundles: { tiny }, port: 0, grpcPort: 0 });
    const client = new Client(server.grpc!, credentials.createInsecure());
    const ask = (bytes: number): Promise<number> =>
      statusOf(client, 'ServerMetadata', new Uint8Array(bytes));
    // The first is no message; it is read all the same.
    expect(await ask(1000)).toBe(status.INVALID_ARGUMENT);
    expect(await ask(100_000)).toBe(status.INVALID_ARGUMENT);
    expect(await ask(0)).toBe(status.OK);
    const text = await (await fetch(`${server.url}/metrics`)).text();
    expect(text).toMatch(/route="[^"]*ServerMetadata",status="3",code="too-large"\} 1$/m);
    client.close();
    await server.close();
  });

  it('bounds connections', async () => {
    const limits = { connections: 1 };
    const server = await serve({ bundles: { tiny }, port: 0, grpcPort: 0, limits });
    const first = connectHttp2(`http://${server.grpc!}`);
    await new Promise((resolve) => first.once('remoteSettings', resolve));
    const [host, port] = server.grpc!.split(':');
    const second = connect(Number(port), host);
    await new Promise((resolve) => second.on('error', () => undefined).once('close', resolve));
    first.close();
    await server.close();
  });

  it('unpacks no more compressed messages at a time than there is memory for', async () => {
    const limits = { bodyBytes: MIB, bytesInFlight: 2 * MIB };
    const server = await serve({ bundles: { tiny }, port: 0, grpcPort: 0, limits });
    const client = new Client(server.grpc!, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
    });
    const message = toBinary(
      ModelInferRequestSchema,
      create(ModelInferRequestSchema, {
        modelName: 'tiny',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1n, 4n] }],
        rawInputContents: [new Uint8Array(16)],
      }),
    );
    const came = await Promise.all(Array.from({ length: 12 }, () => inferStatus(client, message)));
    expect(came).toEqual(Array(12).fill(status.OK));
    const bomb = Buffer.concat([beginning(0, 0), gzipSync(Buffer.alloc(4 * MIB))]);
    bomb.writeUInt8(1, 0);
    bomb.writeUInt32BE(bomb.length - 5, 1);
    const session = connectHttp2(`http://${server.grpc!}`);
    expect(await unfinished(session, bomb, 'gzip')).toBe(status.RESOURCE_EXHAUSTED);
    expect(await inferStatus(client, message)).toBe(status.OK);
    expect(await metric(server, 'snapshot_ensemble_bytes_in_flight')).toBe(0);
    session.close();
    client.close();
    await server.close();
  });

  it('refuses a message by its size before it is decoded', async () => {
    const limits = { bodyBytes: MIB, bytesInFlight: MIB };
    const server = await serve({ bundles: { tiny }, port: 0, grpcPort: 0, limits });
    const client = new Client(server.grpc!, credentials.createInsecure());
    // Neither is a message at all; of the second there are twice as many bytes as there is room for.
    expect(await inferStatus(client, new Uint8Array(100).fill(0xff))).toBe(status.INVALID_ARGUMENT);
    expect(await inferStatus(client, new Uint8Array(0.7 * MIB).fill(0xff))).toBe(
      status.UNAVAILABLE,
    );
    expect(await metric(server, 'snapshot_ensemble_bytes_in_flight')).toBe(0);
    client.close();
    await server.close();
  });

  it('refuses calls before their message is read while the server is full, and counts them', async () => {
    const limits = { requestsInFlight: 1 };
    const server = await serve({ bundles: { tiny }, port: 0, grpcPort: 0, limits });
    const client = new Client(server.grpc!, credentials.createInsecure());
    const message = toBinary(
      ModelInferRequestSchema,
      create(ModelInferRequestSchema, {
        modelName: 'tiny',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1n, 4n] }],
        rawInputContents: [new Uint8Array(16)],
      }),
    );
    const came = await Promise.all(Array.from({ length: 40 }, () => inferStatus(client, message)));
    const count = (code: number): number => came.filter((each) => each === code).length;
    expect(count(status.OK)).toBeGreaterThan(0);
    expect(count(status.UNAVAILABLE)).toBe(40 - count(status.OK));
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const counted = /^snapshot_ensemble_responses_total\{[^}]*status="14"[^}]*\} (\d+)$/m.exec(
      text,
    );
    expect(Number(counted?.[1] ?? 0)).toBe(count(status.UNAVAILABLE));
    expect(await metric(server, 'snapshot_ensemble_requests_in_flight')).toBe(0);
    client.close();
    await server.close();
  });
});

describe('overload', () => {
  it('refuses uploads beyond the memory for requests before it reads them', async () => {
    const limits = { bodyBytes: 8 * MIB, bytesInFlight: 20 * MIB };
    const server = await serve({ bundles: { tiny }, port: 0, limits });
    const rows = (8 * MIB) / 16 - 64;
    const [body, headers] = joined(
      {
        inputs: [
          {
            name: 'x',
            datatype: 'FP32',
            shape: [rows, 4],
            parameters: { binary_data_size: 16 * rows },
          },
        ],
        outputs: [{ name: 'probs', parameters: { binary_data: true } }],
      },
      new Float32Array(4 * rows),
    );
    const responses = await Promise.all(
      Array.from({ length: 6 }, () => post(server, body, headers)),
    );
    const statuses = responses.map(({ status }) => status);
    await Promise.all(responses.map((response) => response.arrayBuffer()));
    // Each takes twice its size: one fits at a time.
    expect(statuses.every((status) => status === 200 || status === 503)).toBe(true);
    expect(statuses).toContain(200);
    expect(statuses).toContain(503);
    for (const response of responses)
      if (response.status === 503) expect(response.headers.get('retry-after')).toBe('1');
    expect(await metric(server, 'snapshot_ensemble_bytes_in_flight')).toBe(0);
    expect(await metric(server, 'snapshot_ensemble_requests_in_flight')).toBe(0);
    await server.close();
  });

  it('refuses each of three hundred requests while it is full, lives meanwhile, and counts them as its clients do', async () => {
    const server = await serve({ bundles: { tiny }, port: 0, limits: { bodyStallMs: 60_000 } });
    const ask = async (): Promise<Response> => post(server, { inputs: [x()] });
    const inFlight = (): Promise<number> => metric(server, 'snapshot_ensemble_requests_in_flight');
    // What it can answer is known from the first; the bodies that it waits for are more than it can answer in time.
    expect((await ask()).status).toBe(200);
    const uploads = Array.from({ length: 16 }, () => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      socket.on('error', () => undefined).resume();
      socket.write(
        'POST /v2/models/tiny/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n',
      );
      return socket;
    });
    await expect.poll(inFlight, { timeout: 60_000 }).toBe(uploads.length);
    const client = async (): Promise<void> => {
      for (let turn = 0; turn < 5; turn++) {
        const response = await ask();
        expect(response.status).toBe(503);
        expect(response.headers.get('retry-after')).toBe('1');
        expect(await response.text()).toContain('Model \\"tiny\\" is full: a request would wait');
      }
    };
    const live = async (): Promise<void> => {
      for (let turn = 0; turn < 10; turn++)
        expect((await fetch(`${server.url}/v2/health/live`)).status).toBe(200);
    };
    await Promise.all([live(), ...Array.from({ length: 60 }, client)]);
    for (const socket of uploads) socket.destroy();
    await expect.poll(inFlight, { timeout: 60_000 }).toBe(0);
    expect((await ask()).status).toBe(200);
    // An answer is counted once all of it was sent, which its client may know earlier.
    const counted = async (): Promise<Record<string, number>> => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      const count = (status: number): number =>
        Number(new RegExp(`infer",status="${status}",code="[a-z]+"\\} (\\d+)`).exec(text)?.[1]);
      return { 200: count(200), 503: count(503) };
    };
    await expect.poll(counted, { timeout: 60_000 }).toEqual({ 200: 2, 503: 300 });
    expect(await metric(server, 'snapshot_ensemble_bytes_in_flight')).toBe(0);
    await server.close();
  });

  it('tells a client that asks first not to send what it would refuse', async () => {
    const limits = { bodyBytes: MIB, bytesInFlight: MIB };
    const server = await serve({ bundles: { tiny }, port: 0, limits });
    const head = (length: number): string =>
      `POST /v2/models/tiny/infer HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
    expect((await talk(server, head(2 * MIB))).lines).toEqual(['HTTP/1.1 413 Payload Too Large']);
    expect((await talk(server, head(MIB - 1))).lines).toEqual(['HTTP/1.1 503 Service Unavailable']);
    const body = JSON.stringify({ inputs: [x()] });
    expect((await talk(server, head(body.length) + body)).lines).toEqual([
      'HTTP/1.1 100 Continue',
      'HTTP/1.1 200 OK',
    ]);
    await server.close();
  });

  it('reads large JSON off the event loop, and answers it like small JSON', async () => {
    const server = await serve({ bundles: { tiny }, port: 0 });
    const rows = 40_000;
    const data = Array.from({ length: 4 * rows }, (_, index) => (index % 97) / 97);
    const ask = async (count: number): Promise<readonly unknown[]> => {
      const inputs = [x({ shape: [count, 4], data: data.slice(0, 4 * count) })];
      const response = await post(server, { inputs, outputs: [{ name: 'probs' }] });
      expect(response.status).toBe(200);
      const body = (await response.json()) as { outputs: { data: unknown[] }[] };
      return body.outputs[0]!.data;
    };
    const [large, live] = await Promise.all([ask(rows), fetch(`${server.url}/v2/health/live`)]);
    expect(live.status).toBe(200);
    expect(large.length).toBe(3 * rows);
    expect(large.slice(0, 30)).toEqual(await ask(10));
    const broken = await post(
      server,
      `{"inputs":[{"name":"x","data":[${'1,'.repeat(200_000)}x]}]}`,
    );
    expect(broken.status).toBe(400);
    expect(await broken.text()).toContain('element 200000 of inputs[0].data is x');
    await server.close();
  });

  it('bounds connections, and cuts off heads and bodies that come too slowly', async () => {
    const limits = { connections: 2, headersMs: 200, bodyStallMs: 200 };
    const server = await serve({ bundles: { tiny }, port: 0, limits });
    const slowBody = talk(
      server,
      'POST /v2/models/tiny/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{',
    );
    const slowHead = talk(server, 'GET /v2 HTTP/1.1\r\nHost: loc');
    await new Promise((resolve) => setTimeout(resolve, 50));
    // The third is closed without a word.
    expect((await talk(server, 'GET /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n')).lines).toEqual([]);
    expect((await slowBody).answer).toContain('408 Request Timeout');
    expect((await slowBody).answer).toContain('arrives too slowly; bytes so far: 1');
    expect((await slowHead).lines).toEqual(['HTTP/1.1 408 Request Timeout']);
    expect((await post(server, { inputs: [x()] })).status).toBe(200);
    await server.close();
  });

  it('refuses bombs and paths out of the protocol', async () => {
    const { gzipSync } = await import('node:zlib');
    const server = await serve({ bundles: { tiny }, port: 0, limits: { bodyBytes: MIB } });
    const bomb = gzipSync(Buffer.alloc(64 * MIB, '['));
    expect((await post(server, bomb, { 'Content-Encoding': 'gzip' })).status).toBe(413);
    for (const path of ['/../../etc/passwd', '/v2/models/..%2f..%2fetc/passwd', '/v2/%2e%2e/x'])
      expect(
        (await talk(server, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`))
          .lines[0],
      ).toMatch(/40[04]/);
    await server.close();
  });
});
