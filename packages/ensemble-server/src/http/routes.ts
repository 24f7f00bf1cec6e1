import type { FastifyReply, FastifyRequest } from 'fastify';
import { badRequest, ServerError } from '../errors.ts';
import type { ModelAddress } from '../protocol/messages.ts';
import type { ApiGroup } from '../security/access.ts';
import { extensions, modelConfig, modelMetadata, SERVER_NAME } from '../service/describe.ts';
import { modelStatistics } from '../service/statistics.ts';
import { asObject } from '../codec/json/fields.ts';
import { MAX_SMALL_BYTES, readBody } from './body.ts';
import type { HttpContext } from './context.ts';
import { pageHeaders, pageText } from '../page/page.ts';
import { openApiText } from './openapi.ts';

type Handle = (
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<unknown> | object;

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly group: ApiGroup;
  /** Undefined where the request never comes so far, since it is answered before all routing. */
  readonly handle: Handle | undefined;
}

export const LIVE = '/v2/health/live';
const MODEL = '/v2/models/:model';
const VERSION = `${MODEL}/versions/:version`;
export const INFER = '/v2/models/:model/infer';
export const INFER_VERSION = '/v2/models/:model/versions/:version/infer';

const address = (request: FastifyRequest): ModelAddress => request.params as ModelAddress;

/** One handler at several paths. */
const at = (
  method: Route['method'],
  paths: readonly string[],
  group: ApiGroup,
  handle: Handle | undefined,
): readonly Route[] => paths.map((path) => ({ method, path, group, handle }));

/** Every route of the server; `openapi.json` describes them, and a test compares the two. */
export const routes: readonly Route[] = [
  ...at('GET', ['/'], 'metadata', (_, __, reply) => reply.headers(pageHeaders).send(pageText)),
  ...at('GET', ['/openapi.json'], 'metadata', (_, __, reply) =>
    reply.header('Content-Type', 'application/json').send(openApiText),
  ),
  ...at('GET', ['/metrics'], 'metrics', async ({ metrics }, _, reply) => {
    reply.header('Content-Type', metrics.contentType);
    return metrics.metrics();
  }),
  // The protocol's text says /v2, its OpenAPI page /v2/.
  ...at('GET', ['/v2', '/v2/'], 'metadata', ({ version, isAdminOn }) => ({
    name: SERVER_NAME,
    version,
    extensions: extensions(isAdminOn),
  })),
  ...at('GET', [LIVE], 'health', () => ({ live: true })),
  ...at('GET', ['/v2/health/ready'], 'health', ({ repository, isStopping }, _, reply) => {
    const ready = repository.isReady() && !isStopping();
    reply.code(ready ? 200 : 503);
    return { ready };
  }),
  ...at('GET', ['/v2/models'], 'metadata', ({ repository }) => ({ models: repository.names })),
  // Triton's statistics of all models; a model of that name is described beside them.
  ...at('GET', ['/v2/models/stats'], 'metadata', ({ repository }) => ({
    ...(repository.names.includes('stats') && describe(repository, { model: 'stats' })),
    model_stats: repository.models().map(modelStatistics),
  })),
  ...at('GET', [MODEL, VERSION], 'metadata', ({ repository }, request) =>
    describe(repository, address(request)),
  ),
  ...at(
    'GET',
    [`${MODEL}/ready`, `${VERSION}/ready`],
    'health',
    ({ repository, isStopping }, request) => {
      const { name } = repository.find(address(request));
      if (isStopping()) throw new ServerError('not-ready', 'The server is stopping.');
      return { name, ready: true };
    },
  ),
  ...at('GET', [`${MODEL}/config`, `${VERSION}/config`], 'metadata', ({ repository }, request) =>
    modelConfig(repository.find(address(request))),
  ),
  ...at('GET', [`${MODEL}/stats`, `${VERSION}/stats`], 'metadata', ({ repository }, request) => ({
    model_stats: [modelStatistics(repository.find(address(request)))],
  })),
  ...at(
    'GET',
    [`${MODEL}/card`, `${VERSION}/card`],
    'metadata',
    ({ repository }, request, reply) => {
      const { card, name } = repository.find(address(request));
      if (card === undefined) throw new ServerError('not-found', `Model "${name}" has no CARD.md.`);
      return reply.header('Content-Type', 'text/markdown; charset=utf-8').send(card);
    },
  ),
  ...at('POST', [INFER, INFER_VERSION], 'inference', undefined),
  ...at('POST', ['/v2/repository/index'], 'metadata', async (context, request) => {
    const { ready } = await readSmallJson(context, request);
    const index = context.repository.index();
    return ready === true ? index.filter(({ state }) => state === 'READY') : index;
  }),
  ...at('POST', ['/v2/repository/models/:model/load'], 'admin', async (context, request, reply) => {
    await refuseOverrides(context, request);
    await context.repository.load(address(request).model);
    return reply.send({});
  }),
  ...at(
    'POST',
    ['/v2/repository/models/:model/unload'],
    'admin',
    async (context, request, reply) => {
      await readSmallJson(context, request);
      await context.repository.unload(address(request).model);
      return reply.send({});
    },
  ),
];

function describe(
  repository: HttpContext['repository'],
  where: ModelAddress,
): ReturnType<typeof modelMetadata> {
  return modelMetadata(repository.find(where), repository.versions(where.model));
}

/** A small JSON object; clients send an empty body for an empty one. Throws `ServerError`. */
async function readSmallJson(
  { admission, body }: HttpContext,
  { raw }: FastifyRequest,
): Promise<Readonly<Record<string, unknown>>> {
  const reservation = admission.enter(MAX_SMALL_BYTES);
  try {
    const limits = { ...body, maxBytes: MAX_SMALL_BYTES };

    const bytes = await readBody(raw, MAX_SMALL_BYTES, reservation, limits);
    if (bytes.length === 0) return {};
    return asObject(JSON.parse(Buffer.from(bytes).toString()), 'the body');
  } catch (error) {
    if (error instanceof SyntaxError) throw badRequest('its body is not JSON.');
    throw error;
  } finally {
    reservation.release();
  }
}

async function refuseOverrides(context: HttpContext, request: FastifyRequest): Promise<void> {
  const { parameters } = await readSmallJson(context, request);
  refuseLoadParameters(Object.keys(parameters ?? {}));
}

/** Triton's clients may send a configuration or files along; a bundle brings its own. */
export function refuseLoadParameters(names: readonly string[]): void {
  if (names.length === 0) return;
  throw badRequest(
    `a bundle is loaded as it is; the parameters ${names.join(', ')} cannot change it. Leave them out.`,
  );
}
