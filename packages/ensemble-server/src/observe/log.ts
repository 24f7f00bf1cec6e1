import type { ErrorCode } from '../http/status.ts';
import type { Transport } from './record.ts';

/** One line of the log: a request that is over, or something that the server did. */
export interface LogEntry {
  /** ISO 8601. */
  readonly time: string;
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly requestId?: string;
  /** Of the W3C trace that the client is in. */
  readonly traceId?: string;
  readonly transport?: Transport;
  readonly method?: string;
  readonly path?: string;
  readonly status?: number;
  readonly code?: ErrorCode | 'ok';
  readonly durationMs?: number;
  readonly model?: string;
  readonly version?: string;
  /** Text and stack of an internal error, which clients do not see. */
  readonly error?: string;
}

export type Log = (entry: LogEntry) => void;

const severity: Readonly<Record<LogEntry['level'], number>> = { info: 0, warn: 1, error: 2 };

export const LOG_LEVELS = Object.keys(severity) as readonly LogEntry['level'][];

/** A log and what it wants: an entry that nobody reads is not made, which would cost each request some. */
export interface Logger {
  /** Whether entries of this level are wanted. */
  isOn(level: LogEntry['level']): boolean;
  readonly write: Log;
}

/** Undefined without a log. */
export function createLogger(write: Log | undefined, least: LogEntry['level']): Logger | undefined {
  if (write === undefined) return undefined;
  return { isOn: (level) => severity[level] >= severity[least], write };
}

/** Text of an error with its causes, for the log alone. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by: ${errorText(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}

/** Trace id of a W3C `traceparent` header: `00-<32 hex digits>-<16>-<2>`. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/.exec(traceparent ?? '')?.[1];
}
