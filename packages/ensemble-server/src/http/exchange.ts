import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpContext } from './context.ts';
import type { Notes } from './request.ts';

/** One request and what goes with it, on Node's own objects. */
export interface Exchange {
  readonly context: HttpContext;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly notes: Notes;
  /** Called when the connection ends before the answer was sent. */
  onGone: (() => void) | undefined;
}
