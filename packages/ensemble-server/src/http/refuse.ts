import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServerError } from '../errors.ts';
import { ENCODINGS } from './body.ts';
import type { HttpContext } from './context.ts';
import { requestId } from './request.ts';
import { refusalOf } from './status.ts';

interface ClientError {
  readonly code?: string;
}

/** Answers with the status and the text for an error. */
export function refuse(
  { log }: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): FastifyReply {
  const { code, status, message } = refusalOf(fromFastify(error));
  request.code = code;
  request.failure = error;
  if (status === 401) reply.header('WWW-Authenticate', 'Bearer');
  if (status === 415) reply.header('Accept-Encoding', ENCODINGS);
  if (status === 503) reply.header('Retry-After', '1');
  if (status === 408) reply.header('Connection', 'close');
  if (log !== undefined && status >= 500) reply.header('X-Request-Id', requestId(request));
  return reply.code(status).header('Content-Type', 'application/json').send({ error: message });
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
