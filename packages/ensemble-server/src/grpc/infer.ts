import type { ServerDuplexStream, ServerUnaryCall, status } from '@grpc/grpc-js';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { readGrpcRequest } from '../codec/grpc/read-request.ts';
import { writeGrpcResponse } from '../codec/grpc/write-response.ts';
import type { ServerContext } from '../http/context.ts';
import type { Lease } from '../repository/repository.ts';
import { assertShortQueue } from '../service/admission.ts';
import { infer } from '../service/infer.ts';
import { finish, headerOf, type CallRecord } from './call.ts';
import type { Received } from './define.ts';
import {
  ModelStreamInferResponseSchema,
  type ModelInferRequest,
  type ModelInferResponse,
  type ModelStreamInferResponse,
} from './generated/inference_pb.ts';
import { grpcRefusalOf } from './status.ts';

// The message and the arrays made of it.
const COST = 2;

/** Answers one message, which is decoded once there is room for it. Throws `ServerError` and `InferenceError`. */
export async function answer(
  context: ServerContext,
  received: Received<ModelInferRequest>,
  { signal, deadline }: { readonly signal: AbortSignal; readonly deadline: number | undefined },
  record: CallRecord & { id?: string },
): Promise<ModelInferResponse> {
  const { repository, admission } = context;
  const { bytes } = received;
  const reservation = admission.enter(COST * bytes);
  let lease: Lease | undefined;
  let finishLoad: ((isDone: boolean) => void) | undefined;
  try {
    const message = received.read();
    const { modelName: model, modelVersion: version } = message;
    record.id = message.id;
    lease = repository.acquire(version === '' ? { model } : { model, version });
    record.model = lease.model;
    const { load, limits } = lease.model;
    assertShortQueue(load.expectedMs(bytes), limits.maxQueueMs ?? context.maxQueueMs, model);
    finishLoad = load.begin(bytes);
    const result = await infer(lease.model, readGrpcRequest(message), { signal, deadline });
    finishLoad(true);
    record.prediction = result.prediction;
    return writeGrpcResponse(result.response);
  } finally {
    finishLoad?.(false);
    lease?.release();
    reservation.release();
  }
}

/** Aborted when the client cancels or goes away. */
export function signalOf(call: ServerUnaryCall<unknown, unknown>): AbortSignal {
  const controller = new AbortController();
  call.on('cancelled', () => {
    controller.abort();
  });
  return controller.signal;
}

/** The client's deadline in milliseconds of `performance.now()`. */
export function deadlineOf(call: { getDeadline(): Date | number }): number | undefined {
  const deadline = Number(call.getDeadline());
  return Number.isFinite(deadline) ? deadline - Date.now() + performance.now() : undefined;
}

type Stream = ServerDuplexStream<Received<ModelInferRequest>, ModelStreamInferResponse>;

// What a client may send ahead of its answers.
const MAX_STREAMED = 64;

/** Answers each message of a stream, in their order; an error answers its message and leaves the stream open. */
export function streamInfer(context: ServerContext): (stream: Stream) => void {
  return (stream) => {
    const method = stream.getPath();
    try {
      context.access('inference', (name) => headerOf(stream.metadata, name));
    } catch (error) {
      const { status: code, message: details } = grpcRefusalOf(error);
      stream.emit('error', { code, details } satisfies { code: status; details: string });
      return;
    }
    const controller = new AbortController();
    const deadline = deadlineOf(stream);
    let last: Promise<void> = Promise.resolve();
    let waiting = 0;
    stream.on('cancelled', () => {
      controller.abort();
    });
    stream.on('data', (message: Received<ModelInferRequest>) => {
      if (++waiting >= MAX_STREAMED) stream.pause();
      const startedAt = performance.now();
      const record: CallRecord = {};
      const answering = answerStreamed(
        context,
        message,
        { signal: controller.signal, deadline },
        record,
      );
      const before = last;
      last = (async () => {
        const { response, failure } = await answering;
        await before;
        waiting--;
        stream.resume();
        if (!controller.signal.aborted)
          stream.write(create(ModelStreamInferResponseSchema, response));
        finish(context, { startedAt, failure, record, method, metadata: stream.metadata });
      })();
    });
    stream.on('end', () => {
      void last.then(() => {
        stream.end();
      });
    });
    stream.on('error', () => {
      controller.abort();
    });
  };
}

async function answerStreamed(
  context: ServerContext,
  message: Received<ModelInferRequest>,
  limits: Parameters<typeof answer>[2],
  record: CallRecord & { id?: string },
): Promise<{
  readonly response: MessageInitShape<typeof ModelStreamInferResponseSchema>;
  readonly failure: unknown;
}> {
  try {
    return {
      response: { inferResponse: await answer(context, message, limits, record) },
      failure: undefined,
    };
  } catch (failure) {
    const { id = '' } = record;
    return {
      response: { errorMessage: grpcRefusalOf(failure).message, inferResponse: { id } },
      failure,
    };
  }
}
