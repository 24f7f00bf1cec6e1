import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServerError } from '../errors.ts';
import { ENCODINGS } from './body.ts';
import type { HttpContext } from './context.ts';
import { requestId, type Notes } from './request.ts';
import { refusalOf, type Refusal } from './status.ts';

interface ClientError {
  readonly code?: string;
}

/** Answers with the status and the text for an error. */
export function refuse(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): FastifyReply {
  const { notes, raw } = request;
  const refusal = refusalOf(fromFastify(error));
  notes.failure = error;
  return reply
    .code(refusal.status)
    .headers(headersOf(context, notes, raw, refusal))
    .send({ error: refusal.message });
}

/** As `refuse`, on Node's own response. Nothing of it may have been sent. */
export function refuseDirectly(
  context: HttpContext,
  notes: Notes,
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): void {
  notes.failure = error;
  tell(context, notes, request, response, refusalOf(error));
}

export function tell(
  context: HttpContext,
  notes: Notes,
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
): void {
  const body = Buffer.from(JSON.stringify({ error: refusal.message }));
  const headers = headersOf(context, notes, request, refusal);
  if (context.isStopping()) headers['Connection'] = 'close';
  headers['Content-Length'] = String(body.length);
  response.writeHead(refusal.status, headers);
  response.end(body);
}

function headersOf(
  { log }: HttpContext,
  notes: Notes,
  request: IncomingMessage,
  { status, code }: Refusal,
): Record<string, string> {
  notes.code = code;
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer';
  if (status === 415) headers['Accept-Encoding'] = ENCODINGS;
  if (status === 503) headers['Retry-After'] = '1';
  if (status === 408) headers['Connection'] = 'close';
  if (log !== undefined && status >= 500) headers['X-Request-Id'] = requestId(request, notes);
  return headers;
}

/** Fastify's own refusals of a request, e.g. of a header that contradicts itself. */
function fromFastify(error: unknown): unknown {
  if (error instanceof ServerError) return error;
  const { statusCode, message, code } = error as Partial<Record<string, unknown>>;
  const isFastifys = typeof code === 'string' && code.startsWith('FST_');
  if (isFastifys && typeof statusCode === 'number' && statusCode < 500)
    return new ServerError(statusCode === 413 ? 'too-large' : 'invalid-request', String(message));
  return error;
}

/** What Node cannot read as HTTP, or what comes too slowly to be a head. */
export function answerBrokenHead(
  { recorder }: HttpContext,
  { code }: ClientError,
  socket: Socket,
): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const isLate = code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const status = isLate ? 408 : code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const body = JSON.stringify({ error: `Cannot read the request: ${STATUS_CODES[status]!}.` });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]!}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const outcome = isLate ? 'request-timeout' : 'invalid-request';
  recorder.finish({ transport: 'http', route: '', status, code: outcome, durationMs: 0 });
}
