import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Prediction } from '@snapshot-ensemble/ensemble-runtime';
import type { Trace } from '../observe/trace.ts';
import type { Model } from '../repository/model.ts';
import type { ErrorCode } from './status.ts';

declare module 'fastify' {
  interface FastifyRequest {
    startedAt: number;
    code: ErrorCode | 'ok';
    failure: unknown;
    model: Model | undefined;
    prediction: Prediction | undefined;
    span: Trace | undefined;
  }
}
declare module 'node:http' {
  interface IncomingMessage {
    /** The client waits for leave to send its body. */
    expectsContinue?: true;
  }
}

export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The client's own id of a request, or ours. */
export function requestId(request: FastifyRequest): string {
  return headerOf(request.raw, 'x-request-id')?.slice(0, 128) ?? request.id;
}
