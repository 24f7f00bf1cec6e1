import type { IncomingMessage, ServerResponse } from 'node:http';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
} from 'fastify';
import { ServerError } from '../errors.ts';
import { checkBrowser, isAllowedOrigin } from '../security/browser.ts';
import type { HttpContext } from './context.ts';
import { finish } from './finish.ts';
import { answerBrokenHead, refuse } from './refuse.ts';
import { headerOf } from './request.ts';
import { routes } from './routes.ts';
import { answerUnknown } from './unknown.ts';

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
