import type { IncomingMessage } from 'node:http';
import type { Prediction } from '@snapshot-ensemble/ensemble-runtime';
import type { Trace } from '../observe/trace.ts';
import type { Model } from '../repository/model.ts';
import type { ErrorCode } from './status.ts';

/** What is noted of a request on its way, for the metrics, the trace and the log. */
export interface Notes {
  /** In milliseconds of `performance.now()`. */
  readonly startedAt: number;
  /** The pattern of its path; empty where there is none. */
  readonly route: string;
  /** Ours, for a request whose client gave it none. */
  readonly ownId: string;
  code: ErrorCode | 'ok';
  failure: unknown;
  model: Model | undefined;
  prediction: Prediction | undefined;
  span: Trace | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    notes: Notes;
  }
}
declare module 'node:http' {
  interface IncomingMessage {
    /** The client waits for leave to send its body. */
    expectsContinue?: true;
  }
}

export function notesOf(route: string, ownId: string): Notes {
  return {
    startedAt: performance.now(),
    route,
    ownId,
    code: 'ok',
    failure: undefined,
    model: undefined,
    prediction: undefined,
    span: undefined,
  };
}

export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The client's own id of a request, or ours. */
export function requestId(request: IncomingMessage, { ownId }: Notes): string {
  return headerOf(request, 'x-request-id')?.slice(0, 128) ?? ownId;
}
