import type { Metadata, ServerUnaryCall, sendUnaryData, handleUnaryCall } from '@grpc/grpc-js';
import type { Message } from '@bufbuild/protobuf';
import type { ServerContext } from '../http/context.ts';
import { errorText, traceIdOf } from '../observe/log.ts';
import type { Finished } from '../observe/record.ts';
import type { ApiGroup } from '../security/access.ts';
import type { Received } from './define.ts';
import { grpcRefusalOf } from './status.ts';

/** What a handler learns on its way, for metrics and log. */
export type CallRecord = { -readonly [K in 'model' | 'prediction']?: Finished[K] };

/** A unary handler in our own shape: checked, counted and logged by `unary`. */
export type Handler<I, O> = (
  message: I,
  call: ServerUnaryCall<Received<I>, O>,
  record: CallRecord,
) => Promise<O> | O;

type UnreadHandler<I, O> = (
  received: Received<I>,
  call: ServerUnaryCall<Received<I>, O>,
  record: CallRecord,
) => Promise<O> | O;

/** A handler as grpc-js takes it. */
export function unary<I extends Message, O extends Message>(
  context: ServerContext,
  group: ApiGroup,
  handle: Handler<I, O>,
): handleUnaryCall<Received<I>, O> {
  return unread(context, group, (received, call, record) => handle(received.read(), call, record));
}

/** As `unary`, for a handler that decides itself when the message is decoded. */
export function unread<I extends Message, O extends Message>(
  context: ServerContext,
  group: ApiGroup,
  handle: UnreadHandler<I, O>,
): handleUnaryCall<Received<I>, O> {
  return (call, callback) => {
    void run(context, group, handle, call, callback);
  };
}

async function run<I extends Message, O extends Message>(
  context: ServerContext,
  group: ApiGroup,
  handle: UnreadHandler<I, O>,
  call: ServerUnaryCall<Received<I>, O>,
  callback: sendUnaryData<O>,
): Promise<void> {
  const startedAt = performance.now();
  const record: CallRecord = {};
  const method = call.getPath();
  const span = group === 'inference' ? startSpan(context, method, call.metadata) : undefined;
  let failure: unknown;
  try {
    context.access(group, (name) => headerOf(call.metadata, name));
    callback(null, await handle(call.request, call, record));
  } catch (error) {
    failure = error;
    const { status, message } = grpcRefusalOf(error);
    callback({ code: status, details: message });
  }
  const status = failure === undefined ? 0 : grpcRefusalOf(failure).status;
  span?.end({ 'rpc.grpc.status_code': status }, status !== 0);
  finish(context, { startedAt, failure, record, method, metadata: call.metadata });
}

function startSpan(
  { tracing }: ServerContext,
  method: string,
  metadata: Metadata,
): ReturnType<NonNullable<ServerContext['tracing']>['start']> | undefined {
  return tracing?.start(method.slice(1), (name) => headerOf(metadata, name), {
    'rpc.system': 'grpc',
    'rpc.method': method,
  });
}

export interface FinishedCall {
  readonly startedAt: number;
  readonly failure: unknown;
  readonly record: CallRecord;
  readonly method: string;
  readonly metadata: Metadata;
}

/** Counts and logs a call that is over. */
export function finish(
  { recorder, log }: ServerContext,
  { startedAt, failure, record, method, metadata }: FinishedCall,
): void {
  const refusal = failure === undefined ? undefined : grpcRefusalOf(failure);
  const status = refusal?.status ?? 0;
  const code = refusal?.code ?? 'ok';
  const durationMs = performance.now() - startedAt;
  recorder.finish({ transport: 'grpc', route: method, status, code, durationMs, ...record });
  const isOurs = code === 'failed' || code === 'load-failed';
  const level = isOurs ? 'error' : status === 0 ? 'info' : 'warn';
  if (log?.isOn(level) !== true) return;
  const traceId = traceIdOf(headerOf(metadata, 'traceparent'));
  const requestId = headerOf(metadata, 'x-request-id');
  log.write({
    time: new Date().toISOString(),
    level,
    message: `${method} ${status}`,
    ...(requestId !== undefined && { requestId }),
    ...(traceId !== undefined && { traceId }),
    transport: 'grpc',
    method,
    status,
    code,
    durationMs: Math.round(durationMs * 1000) / 1000,
    ...(record.model !== undefined && { model: record.model.name, version: record.model.version }),
    ...(isOurs && { error: errorText(failure) }),
  });
}

export function headerOf(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name);
  return value === undefined ? undefined : String(value);
}
