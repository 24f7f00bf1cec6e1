import type { IncomingMessage } from 'node:http';
import { isAllowedOrigin } from '../security/browser.ts';
import type { HttpContext } from './context.ts';

const none: Readonly<Record<string, string>> = {};

/** What tells a browser that a page of another site may read the answer; nothing for other clients. */
export function originHeaders(
  { browser }: Pick<HttpContext, 'browser'>,
  { headers: { origin, host } }: IncomingMessage,
): Readonly<Record<string, string>> {
  if (origin === undefined || !isAllowedOrigin(origin, host, browser)) return none;
  return {
    'Access-Control-Allow-Origin': origin,
    Vary: 'Origin',
    'Access-Control-Expose-Headers': 'Inference-Header-Content-Length',
  };
}
