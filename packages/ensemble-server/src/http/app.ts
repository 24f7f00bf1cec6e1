import type { IncomingMessage, ServerResponse } from 'node:http';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
} from 'fastify';
import { ServerError } from '../errors.ts';
import { checkBrowser } from '../security/browser.ts';
import type { HttpContext } from './context.ts';
import { finish } from './finish.ts';
import { answerBrokenHead, refuse } from './refuse.ts';
import { originHeaders } from './origin.ts';
import { headerOf, notesOf } from './request.ts';
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
    genReqId: context.newId,
    clientErrorHandler: (error, socket) => {
      answerBrokenHead(context, error, socket);
    },
    // URLs that do not decode.
    frameworkErrors: (error, request, reply) => {
      watch(context, request, reply);
      void refuse(context, request, reply, new ServerError('invalid-request', error.message));
    },
  });
  app.decorateRequest('notes');
  // Bodies are read by their handlers, once they are admitted.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => {
    done(null);
  });
  app.addHook('onRequest', (request, reply, done) => {
    watch(context, request, reply);
    if (context.isStopping()) reply.header('Connection', 'close');
    try {
      checkBrowser(request.raw, context.browser);
      reply.headers(originHeaders(context, request.raw));
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
    // Those without a handler never come so far: see front.ts.
    if (handle !== undefined)
      app.route({
        method,
        url: path,
        // Whatever the type says: clients of Triton send none.
        handler(request, reply) {
          context.access(group, (name) => headerOf(request.raw, name));
          return handle(context, request, reply);
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

/** Fastify's own hook misses the clients that went away. */
function watch(context: HttpContext, request: FastifyRequest, reply: FastifyReply): void {
  const notes = notesOf(request.routeOptions.url ?? '', request.id);
  request.notes = notes;
  reply.raw.once('close', () => {
    finish(context, notes, request.raw, reply.raw);
  });
}
