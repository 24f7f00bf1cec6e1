import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import { compress, decompress } from './compression.ts';
import {
  findModel,
  infer,
  modelMetadata,
  serverMetadata,
  type ModelAddress,
  type Models,
} from './data-plane.ts';
import { ServerError } from './errors.ts';
import type { JsonLimits } from './protocol/parse-json.ts';

export interface RouteContext {
  readonly models: Models;
  readonly metrics: Registry;
  readonly version: string;
  readonly bodyLimit: number;
  readonly limits: JsonLimits;
}

type Handle = (
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<unknown> | object;

interface Route {
  readonly method: 'GET' | 'POST';
  readonly paths: readonly string[];
  readonly handle: Handle;
}

const MODEL = '/v2/models/:model';
const VERSION = `${MODEL}/versions/:version`;

const address = (request: FastifyRequest): ModelAddress => request.params as ModelAddress;

const routes: readonly Route[] = [
  // The protocol's text says /v2, its OpenAPI page /v2/.
  { method: 'GET', paths: ['/v2', '/v2/'], handle: ({ version }) => serverMetadata(version) },
  { method: 'GET', paths: ['/v2/health/live'], handle: () => ({ live: true }) },
  { method: 'GET', paths: ['/v2/health/ready'], handle: () => ({ ready: true }) },
  {
    method: 'GET',
    paths: ['/v2/models'],
    handle: ({ models }) => ({ models: [...models.keys()] }),
  },
  {
    method: 'GET',
    paths: [MODEL, VERSION],
    handle: ({ models }, request) => modelMetadata(models, address(request)),
  },
  {
    method: 'GET',
    paths: [`${MODEL}/ready`, `${VERSION}/ready`],
    handle({ models }, request) {
      findModel(models, address(request));
      return { name: address(request).model, ready: true };
    },
  },
  { method: 'POST', paths: [`${MODEL}/infer`, `${VERSION}/infer`], handle: handleInfer },
  {
    method: 'GET',
    paths: ['/metrics'],
    async handle({ metrics }, _, reply) {
      reply.type(metrics.contentType);
      return metrics.metrics();
    },
  },
];

/** Puts the protocol's routes on a fastify instance: every path answers to its method, and with 405 to the others. */
export function addRoutes(app: FastifyInstance, context: RouteContext): void {
  for (const { method, paths, handle } of routes) {
    const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((other) => other !== method);
    for (const url of paths) {
      app.route({ method, url, handler: (request, reply) => handle(context, request, reply) });
      app.route({
        method: others,
        url,
        handler(request, reply) {
          reply.header('Allow', method);
          throw new ServerError(
            'method-not-allowed',
            `${request.method} is not allowed here; use ${method}.`,
          );
        },
      });
    }
  }
}

async function handleInfer(
  { models, bodyLimit, limits }: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { headers } = request;
  const raw = request.body instanceof Uint8Array ? request.body : new Uint8Array();
  const bytes = await decompress(raw, headers['content-encoding'], bodyLimit);
  const headerLength = headers['inference-header-content-length'] as string | undefined;
  const signal = abortOnDisconnect(reply);
  const answer = await infer(models, address(request), { bytes, headerLength }, { limits, signal });
  if (answer.headerLength === undefined) reply.type('application/json');
  else
    reply
      .type('application/octet-stream')
      .header('Inference-Header-Content-Length', String(answer.headerLength));
  const { body, encoding } = await compress(answer.bytes, headers['accept-encoding']);
  if (encoding !== undefined) reply.header('Content-Encoding', encoding);
  return reply.header('Vary', 'Accept-Encoding').send(body);
}

/** Aborted when the client goes away before it has its answer, so that nobody computes for nobody. */
function abortOnDisconnect(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
