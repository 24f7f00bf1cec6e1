import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorText, traceIdOf } from '../observe/log.ts';
import type { HttpContext } from './context.ts';
import { headerOf, requestId, type Notes } from './request.ts';

/** Counts, traces and logs a request that is over. */
export function finish(
  { recorder, log }: HttpContext,
  notes: Notes,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { model, prediction, code, span, route, failure } = notes;
  // A client that went away got no status, whatever was meant for it.
  const isGone = !response.writableFinished;
  const status = isGone ? 499 : response.statusCode;
  const durationMs = performance.now() - notes.startedAt;
  const outcome = isGone && code === 'ok' ? 'aborted' : code;
  recorder.finish({
    transport: 'http',
    route,
    status,
    code: outcome,
    durationMs,
    model,
    prediction,
  });
  span?.end(
    {
      'http.response.status_code': status,
      ...(model !== undefined && { 'model.name': model.name, 'model.version': model.version }),
      ...(prediction !== undefined && { 'model.rows': prediction.membersUsed.length }),
    },
    status >= 500,
  );
  const level = status >= 500 && status !== 503 ? 'error' : status >= 400 ? 'warn' : 'info';
  if (log?.isOn(level) !== true) return;
  const traceId = traceIdOf(headerOf(request, 'traceparent'));
  const { method, url: path } = request as { readonly method: string; readonly url: string };
  log.write({
    time: new Date().toISOString(),
    level,
    message: `${method} ${path} ${status}`,
    requestId: requestId(request, notes),
    ...(traceId !== undefined && { traceId }),
    transport: 'http',
    method,
    path,
    status,
    code: outcome,
    durationMs: Math.round(durationMs * 1000) / 1000,
    ...(model !== undefined && { model: model.name, version: model.version }),
    ...(status >= 500 && failure !== undefined && { error: errorText(failure) }),
  });
}
