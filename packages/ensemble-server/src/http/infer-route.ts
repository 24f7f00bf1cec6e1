import { writeInferResponse } from '../codec/http/write-response.ts';
import type { InferRequest, ModelAddress } from '../protocol/messages.ts';
import type { Lease } from '../repository/repository.ts';
import type { Model } from '../repository/model.ts';
import { fullText, type Reservation } from '../service/admission.ts';
import { toBareInput } from '../service/inputs.ts';
import { infer, type Answer } from '../service/infer.ts';
import { declaredLength, decompress, readBody } from './body.ts';
import { chooseEncoding, compress } from './compression.ts';
import type { Exchange } from './exchange.ts';
import { refuseDirectly, tell } from './refuse.ts';
import { headerOf } from './request.ts';

// Memory that a body takes on its way: itself and its arrays; numbers in JSON lie as doubles and as elements for a moment.
const BINARY_COST = 2;
const JSON_COST = 3;

/** An infer request that was admitted. */
interface Admitted {
  readonly lease: Lease;
  readonly reservation: Reservation;
  /** What its head says of its body, or undefined where that comes in chunks. */
  readonly length: number | undefined;
  readonly headerLength: string | undefined;
}

/**
 * Answers an infer request: admitted by its head, then read, decoded, computed, encoded. Nothing is read and no error is made of one that finds
 * its model full, since that is when very many come. Throws `ServerError` for one that is refused by its head.
 */
export function answerInfer(exchange: Exchange, address: ModelAddress): void {
  const { context, request, response, notes } = exchange;
  const { repository, admission, body } = context;
  const lease = repository.acquire(address);
  try {
    const { model } = lease;
    notes.model = model;
    const length = declaredLength(request, body.maxBytes);
    const maxQueueMs = model.limits.maxQueueMs ?? context.maxQueueMs;
    const expectedMs = model.load.expectedMs(length ?? 0);
    if (expectedMs > maxQueueMs) {
      const message = fullText(expectedMs, maxQueueMs, model.name);
      tell(context, notes, request, response, { code: 'overloaded', status: 503, message });
      lease.release();
      return;
    }
    const headerLength = headerOf(request, 'inference-header-content-length');
    const cost = headerLength === undefined ? JSON_COST : BINARY_COST;
    const reservation = admission.enter((length ?? 0) * cost);
    void run(exchange, { lease, reservation, length, headerLength });
  } catch (error) {
    lease.release();
    throw error;
  }
}

async function run(
  exchange: Exchange,
  { lease, reservation, length, headerLength }: Admitted,
): Promise<void> {
  const { context, request, response, notes } = exchange;
  const { model } = lease;
  const { body: limits } = context;
  const done = model.load.begin(length ?? 0);
  try {
    notes.span = context.tracing?.start(`POST ${notes.route}`, (name) => headerOf(request, name), {
      'http.request.method': 'POST',
      'url.path': request.url!,
    });
    if (request.expectsContinue === true) response.writeContinue();
    const sent = await readBody(request, length, reservation, limits);
    const encoding = request.headers['content-encoding'];
    const bytes =
      encoding === undefined
        ? sent
        : await decompress(sent, encoding, reservation, limits.maxBytes);
    const decoding = context.decoder.decode(bytes, headerLength);
    const {
      request: decoded,
      raw,
      reply,
    } = decoding instanceof Promise ? await decoding : decoding;
    const answer = await infer(model, decoded ?? rawRequest(model, raw!), {
      signal: abortOnGone(exchange),
    });
    done(true);
    notes.prediction = answer.prediction;
    const turn = context.pace.turn();
    if (turn !== undefined) await turn;
    await respond(exchange, answer, reply);
  } catch (error) {
    refuseDirectly(context, notes, request, response, error);
  } finally {
    done(false);
    reservation.release();
    lease.release();
  }
}

async function respond(
  { context, request, response }: Exchange,
  { response: answer }: Answer,
  wishes: Parameters<typeof writeInferResponse>[1],
): Promise<void> {
  const encoded = writeInferResponse(answer, wishes);
  const { bytes, headerLength } = encoded instanceof Promise ? await encoded : encoded;
  const encoding = chooseEncoding(bytes.length, headerOf(request, 'accept-encoding'));
  const body = encoding === undefined ? bytes : await compress(bytes, encoding);
  const headers: Record<string, string | number> =
    headerLength === undefined
      ? { 'Content-Type': 'application/json' }
      : {
          'Content-Type': 'application/octet-stream',
          'Inference-Header-Content-Length': headerLength,
        };
  headers['Vary'] = response.hasHeader('Vary') ? 'Origin, Accept-Encoding' : 'Accept-Encoding';
  if (encoding !== undefined) headers['Content-Encoding'] = encoding;
  if (context.isStopping()) headers['Connection'] = 'close';
  headers['Content-Length'] = body.length;
  response.writeHead(200, headers);
  response.end(body);
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
function abortOnGone(exchange: Exchange): AbortSignal {
  const controller = new AbortController();
  exchange.onGone = () => {
    controller.abort();
  };
  return controller.signal;
}
