import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorText, traceIdOf } from '../observe/log.ts';
import type { HttpContext } from './context.ts';
import { headerOf, requestId } from './request.ts';

/** Counts, traces and logs a request that is over. */
export function finish(
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
