import { InferenceError, type InferenceErrorCode } from '@snapshot-ensemble/ensemble-runtime';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { ENCODINGS, tooLarge } from './compression.ts';
import { ServerError } from './errors.ts';
import { addRoutes, type RouteContext } from './routes.ts';

// Longer than any model's name, short enough to be no burden.
const MAX_NAME_LENGTH = 1024;
// A client that sends 64 MiB at 1 MiB a second needs a minute.
const REQUEST_TIMEOUT_MS = 120_000;

/** The HTTP side: what fastify needs to know, and nothing of tensors. */
export function createApp(
  context: RouteContext,
  onError: (error: unknown) => void,
): FastifyInstance {
  const app = Fastify({
    bodyLimit: context.bodyLimit,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: MAX_NAME_LENGTH },
    // URLs that do not decode.
    frameworkErrors: (error, _, reply) => {
      void sendError(reply, error.statusCode ?? 400, error.message);
    },
  });
  // Triton's clients send no Content-Type at all, and nothing here depends on it.
  app.addHook('onRequest', (request, _, done) => {
    delete request.headers['content-type'];
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => {
    done(null, body);
  });
  app.setNotFoundHandler((request, reply) =>
    sendError(reply, 404, `There is nothing at ${request.method} ${request.url}.`),
  );
  app.setErrorHandler((error, _, reply) => {
    const { status, message } = explain(error, context.bodyLimit);
    if (status === 501) reply.header('Accept-Encoding', ENCODINGS);
    if (status === 503) reply.header('Retry-After', '1');
    if (status >= 500 && status !== 503 && status !== 501) onError(error);
    return sendError(reply, status, message);
  });
  addRoutes(app, context);
  return app;
}

/** HTTP status of what the runtime refuses. */
const statuses: Readonly<Record<InferenceErrorCode, number>> = {
  'invalid-input': 400,
  'unknown-output': 400,
  'no-member-outputs': 400,
  'non-finite-input': 400,
  aborted: 503,
  'deadline-exceeded': 503,
  overloaded: 503,
  'worker-crashed': 503,
  unavailable: 503,
  closed: 503,
  'non-finite-output': 500,
  failed: 500,
  'wrong-graph': 500,
  'runtime-missing': 500,
  'runtime-unsupported': 500,
  'device-unavailable': 500,
};

function sendError(reply: FastifyReply, status: number, error: string): FastifyReply {
  return reply.code(status).type('application/json').send({ error });
}

function explain(
  error: unknown,
  bodyLimit: number,
): { readonly status: number; readonly message: string } {
  if (error instanceof ServerError) return error;
  if (error instanceof InferenceError)
    return { status: statuses[error.code], message: error.message };
  const { code, statusCode, message } = error as Partial<Record<string, unknown>>;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return tooLarge(bodyLimit);
  const text = typeof message === 'string' ? message : String(error);
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return { status: statusCode, message: text };
  return { status: 500, message: `The server failed: ${text}` };
}
