import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { ServerError } from '../errors.ts';

export interface BrowserRules {
  /** Host names that clients may use, without port; undefined allows any. */
  readonly allowedHosts: readonly string[] | undefined;
  /** Pages of other sites that may call it, e.g. `https://example.org`. */
  readonly allowedOrigins: readonly string[];
}

// What a page can send to any server without asking it first (https://fetch.spec.whatwg.org/#cors-safelisted-request-header).
const SIMPLE_TYPES = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'];

/**
 * Keeps web pages of other sites out: they can send requests to a server on the machine of whoever looks at them, under a name of their
 * own if DNS says so. Throws `ServerError` (`forbidden`, `unsupported-media-type`).
 */
export function checkBrowser(request: IncomingMessage, rules: BrowserRules): void {
  const { host, origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (rules.allowedHosts !== undefined && !rules.allowedHosts.includes(hostName(host)))
    throw new ServerError(
      'forbidden',
      `The Host ${JSON.stringify(host ?? '')} is not one of this server's names. Allowed: ${rules.allowedHosts.join(', ')}. Name others in allowedHosts.`,
    );
  if (origin !== undefined && !isAllowedOrigin(origin, host, rules)) throw otherSite(origin);
  if (origin === undefined && site === 'cross-site' && request.method !== 'GET')
    throw otherSite('of another site');
  const type = request.headers['content-type']?.split(';', 1)[0]!.trim().toLowerCase();
  if (request.method === 'POST' && type !== undefined && SIMPLE_TYPES.includes(type))
    throw new ServerError(
      'unsupported-media-type',
      `Cannot read the request: its Content-Type is "${type}", which any web page could send. Send application/json, application/octet-stream or none.`,
    );
}

export function isAllowedOrigin(
  origin: string,
  host: string | undefined,
  { allowedOrigins }: BrowserRules,
): boolean {
  if (allowedOrigins.includes('*') || allowedOrigins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

function otherSite(origin: string): ServerError {
  return new ServerError(
    'forbidden',
    `A page ${origin} may not call this server. Name its origin in allowedOrigins.`,
  );
}

/** The host without its port, in lower case and without the brackets of IPv6. */
function hostName(host: string | undefined): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host ?? '') ?? [];
  return (bracketed ?? plain ?? '').toLowerCase();
}

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** Names of a server that listens on one address of this machine alone; any name for one that others can reach. */
export function defaultHosts(listensOn: string): readonly string[] | undefined {
  const isLoopback =
    listensOn === 'localhost' || listensOn === '::1' || listensOn.startsWith('127.');
  if (!isLoopback) return undefined;
  return isIP(listensOn) === 0 ? LOOPBACK : [...new Set([...LOOPBACK, listensOn])];
}
