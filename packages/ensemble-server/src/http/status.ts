import { InferenceError, type InferenceErrorCode } from '@snapshot-ensemble/ensemble-runtime';
import { ServerError, type ServerErrorCode } from '../errors.ts';

export type ErrorCode = ServerErrorCode | InferenceErrorCode;

/** The HTTP status of every code, ours and the runtime's. What a client sent is never answered with 5xx. */
const statuses: Readonly<Record<ErrorCode, number>> = {
  'invalid-request': 400,
  'invalid-input': 400,
  'unknown-output': 400,
  'no-member-outputs': 400,
  'non-finite-input': 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'request-timeout': 408,
  'too-large': 413,
  'unsupported-media-type': 415,
  'non-finite-output': 422,
  unrepresentable: 422,
  // nginx's word for a client that has gone; nobody reads it but the log and the metrics.
  aborted: 499,
  failed: 500,
  'load-failed': 500,
  'wrong-graph': 500,
  'runtime-missing': 500,
  'runtime-unsupported': 500,
  'device-unavailable': 500,
  'port-in-use': 500,
  'cannot-listen': 500,
  unsupported: 501,
  overloaded: 503,
  unavailable: 503,
  'worker-crashed': 503,
  closed: 503,
  'not-ready': 503,
  'deadline-exceeded': 504,
};

/** What a client is told. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly status: number;
  readonly message: string;
}

/** Texts of these may name files, hosts or onnxruntime's insides: the log has them, a client does not. */
const kept: readonly ErrorCode[] = ['overloaded', 'not-ready', 'unsupported', 'deadline-exceeded'];
const plainTexts: Partial<Record<ErrorCode, string>> = {
  unavailable: 'The model has no worker at present. Try again.',
  'worker-crashed': 'The worker that computed this died. Try again.',
  closed: 'The model is being closed. Try again.',
  'load-failed': 'The model could not be loaded; the log says why.',
};

/** The status and the text for an error. A 5xx says nothing of the server's inside. */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof ServerError || error instanceof InferenceError))
    return { code: 'failed', status: 500, message: 'The server failed; its log says why.' };
  const { code, message } = error;
  const status = statuses[code];
  if (status < 500 || kept.includes(code)) return { code, status, message };
  return { code, status, message: plainTexts[code] ?? 'The server failed; its log says why.' };
}
