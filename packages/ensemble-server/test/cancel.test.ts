import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { create, toBinary } from '@bufbuild/protobuf';
import { Client, credentials } from '@grpc/grpc-js';
import { InferenceError, type Ensemble } from '@snapshot-ensemble/ensemble-runtime';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { createDecoder } from '../src/codec/http/decoder.ts';
import { ModelInferRequestSchema } from '../src/grpc/generated/inference_pb.ts';
import { startGrpc } from '../src/grpc/server.ts';
import type { HttpContext } from '../src/http/context.ts';
import { createFront } from '../src/http/front.ts';
import { createRecorder } from '../src/observe/record.ts';
import { DEFAULT_LIMITS } from '../src/options.ts';
import { createRepository } from '../src/repository/repository.ts';
import { createAccess, DEFAULT_ACCESS } from '../src/security/access.ts';
import { createAdmission } from '../src/service/admission.ts';
import { createPace } from '../src/service/pace.ts';
import { createFakes } from './fake-model.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

function signalled(): { readonly promise: Promise<void>; readonly tell: () => void } {
  let tell = (): void => undefined;
  const promise = new Promise<void>((resolve) => (tell = resolve));
  return {
    promise,
    tell: () => {
      tell();
    },
  };
}

/** A server whose only model answers nothing, and says when it was asked and when it was told to stop. */
async function stuckServer() {
  const began = signalled();
  const stopped = signalled();
  const predict: Ensemble['predict'] = (_, options) =>
    new Promise((_resolve, reject) => {
      began.tell();
      options!.signal!.addEventListener('abort', () => {
        stopped.tell();
        reject(new InferenceError('aborted', 'gone'));
      });
    });
  const fakes = createFakes();
  const repository = createRepository({
    m: {
      single: {
        open: (version) => Promise.resolve(fakes.open(version, { predict })),
        readRevision: () => Promise.resolve(undefined),
      },
    },
  });
  await repository.load('m');
  const admission = createAdmission({ maxBytesInFlight: 1e6, maxRequestsInFlight: 9 });
  const recorder = createRecorder();
  const decoder = createDecoder({ limits: { maxDepth: 9, maxValues: 99 } });
  const context: HttpContext = {
    version: '1',
    repository,
    admission,
    access: createAccess(DEFAULT_ACCESS),
    isAdminOn: false,
    recorder,
    metrics: new Registry(),
    log: undefined,
    tracing: undefined,
    maxQueueMs: 1000,
    isStopping: () => false,
    decoder,
    body: { maxBytes: 999, stallMs: 1000, minRate: 1 },
    browser: { allowedHosts: undefined, allowedOrigins: [] },
    pace: createPace(1, setImmediate),
    newId: () => 'req-1',
  };
  return { context, began: began.promise, stopped: stopped.promise };
}

async function settled(context: HttpContext): Promise<void> {
  while (context.admission.requests > 0 || context.repository.models()[0]!.load.requests > 0)
    await new Promise(setImmediate);
  while ([...context.recorder.responses()].length === 0) await new Promise(setImmediate);
}

describe('a client that goes away', () => {
  it('over HTTP cancels its work, and is counted', async () => {
    const { context, began, stopped } = await stuckServer();
    const front = createFront(context, () => undefined);
    const server = createServer(front).listen(0, '127.0.0.1');
    closers.push(() => server.close());
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const body = '{"inputs":[{"name":"x","datatype":"INT32","shape":[1,1],"data":[7]}]}';
    socket.write(
      `POST /v2/models/m/infer HTTP/1.1\r\nHost: m\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    await began;
    socket.destroy();
    await stopped;
    await settled(context);
    expect([...context.recorder.responses()]).toMatchObject([{ status: 499, code: 'aborted' }]);
  });

  it('over gRPC cancels its work, and is counted', async () => {
    const { context, began, stopped } = await stuckServer();
    const server = await startGrpc(context, {
      host: '127.0.0.1',
      port: 0,
      limits: DEFAULT_LIMITS,
      tls: undefined,
    });
    const client = new Client(server.address, credentials.createInsecure());
    closers.push(
      () => {
        client.close();
      },
      () => server.close(1000),
    );
    const message = create(ModelInferRequestSchema, {
      modelName: 'm',
      inputs: [{ name: 'x', datatype: 'INT32', shape: [1n, 1n] }],
      rawInputContents: [new Uint8Array(4)],
    });
    const call = client.makeUnaryRequest(
      '/inference.GRPCInferenceService/ModelInfer',
      (bytes: Buffer) => bytes,
      (bytes) => bytes,
      Buffer.from(toBinary(ModelInferRequestSchema, message)),
      () => undefined,
    );
    await began;
    call.cancel();
    await stopped;
    await settled(context);
    expect([...context.recorder.responses()]).toMatchObject([{ status: 1, code: 'aborted' }]);
  });
});
