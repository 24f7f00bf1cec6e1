import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
} from 'fastify';
import type { Prediction } from '@snapshot-ensemble/ensemble-runtime';
import { ServerError } from '../errors.ts';
import { errorText, traceIdOf } from '../observe/log.ts';
import type { Trace } from '../observe/trace.ts';
import type { Model } from '../repository/model.ts';
import { checkBrowser, isAllowedOrigin } from '../security/browser.ts';
import { ENCODINGS } from './body.ts';
import type { HttpContext } from './context.ts';
import { routes } from './routes.ts';
import { refusalOf, type ErrorCode } from './status.ts';

declare module 'fastify' {
  interface FastifyRequest {
    startedAt: number;
    code: ErrorCode | 'ok';
    failure: unknown;
    model: Model | undefined;
    prediction: Prediction | undefined;
    span: Trace | undefined;
  }
}
declare module 'node:http' {
  interface IncomingMessage {
    /** The client waits for leave to send its body. */
    expectsContinue?: true;
  }
}

interface ClientError {
  readonly code?: string;
}

// Longer than any model's name, short enough to be no burden.
const MAX_NAME_LENGTH = 1024;

/** The HTTP side. It listens nowhere: `routing` takes requests once it is ready. */
export function createApp(
  context: HttpContext,
  serverFactory?: FastifyServerFactory,
): FastifyInstance {
  const app = Fastify({
    ...(serverFactory !== undefined && { serverFactory }),
    routerOptions: { maxParamLength: MAX_NAME_LENGTH },
    forceCloseConnections: false,
    clientErrorHandler: (error, socket) => {
      answerBrokenHead(context, error, socket);
    },
    // URLs that do not decode.
    frameworkErrors: (error, request, reply) => {
      request.startedAt = performance.now();
      reply.raw.once('close', () => {
        finish(context, request, reply);
      });
      void refuse(context, request, reply, new ServerError('invalid-request', error.message));
    },
  });
  for (const name of ['model', 'prediction', 'span', 'failure'] as const)
    app.decorateRequest(name, undefined);
  app.decorateRequest('startedAt', 0);
  app.decorateRequest('code', 'ok');
  // Bodies are read by their handlers, once they are admitted.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => {
    done(null);
  });
  app.addHook('onRequest', (request, reply, done) => {
    request.startedAt = performance.now();
    // Fastify's own hook misses the clients that went away.
    reply.raw.once('close', () => {
      finish(context, request, reply);
    });
    if (context.isStopping()) reply.header('Connection', 'close');
    try {
      checkBrowser(request.raw, context.browser);
      allowOrigin(context, request, reply);
      // Nothing below depends on it, and fastify refuses what it cannot read.
      delete request.raw.headers['content-type'];
      done();
    } catch (error) {
      done(error as Error);
    }
  });
  app.setErrorHandler((error, request, reply) => refuse(context, request, reply, error));
  app.setNotFoundHandler((request, reply) => answerUnknown(context, request, reply));
  for (const { method, path, group, handle } of routes)
    app.route({
      method,
      url: path,
      // Whatever the type says: clients of Triton send none.
      handler(request, reply) {
        context.access(group, (name) => headerOf(request.raw, name));
        return group === 'inference' && context.tracing !== undefined
          ? traced(context, request, reply, handle)
          : handle(context, request, reply);
      },
    });
  return app;
}

/** How a Node server hands on a request whose client waits for `100 Continue`. */
export function onCheckContinue(
  request: IncomingMessage,
  response: ServerResponse,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): void {
  request.expectsContinue = true;
  handle(request, response);
}

export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** What Node cannot read as HTTP, or what comes too slowly to be a head. */
function answerBrokenHead({ recorder }: HttpContext, { code }: ClientError, socket: Socket): void {
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

function traced(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  handle: (typeof routes)[number]['handle'],
): Promise<unknown> | object {
  request.span = context.tracing!.start(
    `POST ${request.routeOptions.url ?? ''}`,
    (name) => headerOf(request.raw, name),
    { 'http.request.method': request.method, 'url.path': request.url },
  );
  return handle(context, request, reply);
}

function allowOrigin({ browser }: HttpContext, request: FastifyRequest, reply: FastifyReply): void {
  const { origin, host } = request.headers;
  if (origin === undefined || !isAllowedOrigin(origin, host, browser)) return;
  reply.header('Access-Control-Allow-Origin', origin).header('Vary', 'Origin');
  reply.header('Access-Control-Expose-Headers', 'Inference-Header-Content-Length');
}

/** Paths that there are, by another method; and all others. */
function answerUnknown(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const path = request.url.split('?', 1)[0]!;
  const allowed = [
    ...new Set(routes.filter((route) => matches(route.path, path)).map(({ method }) => method)),
  ];
  if (allowed.length === 0)
    return refuse(
      context,
      request,
      reply,
      new ServerError(
        'not-found',
        `There is nothing at ${request.method} ${path}. GET /openapi.json lists what there is.`,
      ),
    );
  const methods = [...allowed, ...(allowed.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  reply.header('Allow', methods);
  if (request.method === 'OPTIONS')
    return reply
      .header('Access-Control-Allow-Methods', methods)
      .header(
        'Access-Control-Allow-Headers',
        'Content-Type, Authorization, Inference-Header-Content-Length',
      )
      .code(204)
      .send();
  return refuse(
    context,
    request,
    reply,
    new ServerError(
      'method-not-allowed',
      `${request.method} is not allowed here; use ${allowed.join(' or ')}.`,
    ),
  );
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => part.startsWith(':') || part === given[index])
  );
}

function refuse(
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

function requestId(request: FastifyRequest): string {
  return headerOf(request.raw, 'x-request-id')?.slice(0, 128) ?? request.id;
}

function finish(
  { recorder, log }: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const { model, prediction, code, span } = request;
  // A client that went away got no status, whatever was meant for it.
  const isGone = !reply.raw.writableFinished;
  const status = isGone ? 499 : reply.statusCode;
  const durationMs = performance.now() - request.startedAt;
  const outcome = isGone && code === 'ok' ? 'aborted' : code;
  recorder.finish({
    transport: 'http',
    route: request.routeOptions.url ?? '',
    status,
    code: outcome,
    durationMs,
    ...(model !== undefined && { model }),
    ...(prediction !== undefined && { prediction }),
  });
  span?.end(
    {
      'http.response.status_code': status,
      ...(model !== undefined && { 'model.name': model.name, 'model.version': model.version }),
      ...(prediction !== undefined && { 'model.rows': prediction.membersUsed.length }),
    },
    status >= 500,
  );
  if (log === undefined) return;
  const traceId = traceIdOf(headerOf(request.raw, 'traceparent'));
  log({
    time: new Date().toISOString(),
    level: status >= 500 && status !== 503 ? 'error' : status >= 400 ? 'warn' : 'info',
    message: `${request.method} ${request.url} ${status}`,
    requestId: requestId(request),
    ...(traceId !== undefined && { traceId }),
    transport: 'http',
    method: request.method,
    path: request.url,
    status,
    code: outcome,
    durationMs: Math.round(durationMs * 1000) / 1000,
    ...(model !== undefined && { model: model.name, version: model.version }),
    ...(status >= 500 && request.failure !== undefined && { error: errorText(request.failure) }),
  });
}
