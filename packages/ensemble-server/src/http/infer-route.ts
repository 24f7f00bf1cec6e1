import type { FastifyReply, FastifyRequest } from 'fastify';
import { writeInferResponse } from '../codec/http/write-response.ts';
import type { ModelAddress } from '../protocol/messages.ts';
import type { Model } from '../repository/model.ts';
import { assertShortQueue, type Reservation } from '../service/admission.ts';
import { toBareInput } from '../service/inputs.ts';
import { infer, type Answer } from '../service/infer.ts';
import type { InferRequest } from '../protocol/messages.ts';
import { declaredLength, decompress, readBody } from './body.ts';
import { chooseEncoding, compress } from './compression.ts';
import type { HttpContext } from './context.ts';

// Memory that a body takes on its way: itself and its arrays; numbers in JSON lie as doubles and as elements for a moment.
const BINARY_COST = 2;
const JSON_COST = 3;

/** Answers an infer request: admitted by its head, then read, decoded, computed, encoded. */
export async function handleInfer(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { repository, admission, body: limits } = context;
  const lease = repository.acquire(request.params as ModelAddress);
  const { model } = lease;
  request.model = model;
  let reservation: Reservation | undefined;
  let done: ((isDone: boolean) => void) | undefined;
  try {
    const length = declaredLength(request.raw, limits.maxBytes);
    const maxQueueMs = model.limits.maxQueueMs ?? context.maxQueueMs;
    assertShortQueue(model.load.expectedMs(length ?? 0), maxQueueMs, model.name);
    const headerLength = request.headers['inference-header-content-length'] as string | undefined;
    reservation = admission.enter(
      (length ?? 0) * (headerLength === undefined ? JSON_COST : BINARY_COST),
    );
    done = model.load.begin(length ?? 0);
    if (request.raw.expectsContinue === true) reply.raw.writeContinue();
    const sent = await readBody(request.raw, length, reservation, limits);
    const encoding = request.headers['content-encoding'];
    const bytes =
      encoding === undefined
        ? sent
        : await decompress(sent, encoding, reservation, limits.maxBytes);
    const decoding = context.decoder.decode(bytes, headerLength);
    const {
      request: decoded,
      raw,
      reply: wishes,
    } = decoding instanceof Promise ? await decoding : decoding;
    const answer = await infer(model, decoded ?? rawRequest(model, raw!), {
      signal: abortOnDisconnect(reply),
    });
    done(true);
    request.prediction = answer.prediction;
    return await respond(request, reply, answer, wishes);
  } finally {
    done?.(false);
    reservation?.release();
    lease.release();
  }
}

async function respond(
  request: FastifyRequest,
  reply: FastifyReply,
  { response }: Answer,
  wishes: Parameters<typeof writeInferResponse>[1],
): Promise<unknown> {
  const { bytes, headerLength } = await writeInferResponse(response, wishes);
  if (headerLength === undefined) reply.header('Content-Type', 'application/json');
  else
    reply
      .header('Content-Type', 'application/octet-stream')
      .header('Inference-Header-Content-Length', String(headerLength));
  reply.header('Vary', 'Accept-Encoding');
  const encoding = chooseEncoding(bytes.length, request.headers['accept-encoding']);
  if (encoding === undefined) return reply.send(bytes);
  return reply.header('Content-Encoding', encoding).send(await compress(bytes, encoding));
}

/** A body that is nothing but the elements of the only input. */
function rawRequest(model: Model, bytes: Uint8Array): InferRequest {
  return {
    id: undefined,
    parameters: {},
    inputs: [toBareInput(model, bytes)],
    outputs: undefined,
  };
}

/** Aborted when the client goes away before it has its answer, so that nobody computes for nobody. */
function abortOnDisconnect(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
