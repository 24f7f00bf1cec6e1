import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServerError } from '../errors.ts';
import type { HttpContext } from './context.ts';
import { refuse } from './refuse.ts';
import { routes } from './routes.ts';

/** Paths that there are, by another method; and all others. */
export function answerUnknown(
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
        `There is no route ${request.method} ${path}. GET /openapi.json lists the routes.`,
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
