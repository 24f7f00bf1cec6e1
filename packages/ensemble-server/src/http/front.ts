import type { IncomingMessage, ServerResponse } from 'node:http';
import { badRequest } from '../errors.ts';
import type { ModelAddress } from '../protocol/messages.ts';
import type { ApiGroup } from '../security/access.ts';
import { checkBrowser } from '../security/browser.ts';
import type { HttpContext } from './context.ts';
import type { Exchange } from './exchange.ts';
import { finish } from './finish.ts';
import { answerInfer } from './infer-route.ts';
import { originHeaders } from './origin.ts';
import { refuseDirectly } from './refuse.ts';
import { headerOf, notesOf } from './request.ts';
import { INFER, INFER_VERSION, LIVE } from './routes.ts';

export type Handle = (request: IncomingMessage, response: ServerResponse) => void;

// As the router: what follows is no part of the path.
const QUERY = /[?#]/;
// An empty name is looked up like any other.
const INFER_PATH = /^\/v2\/models\/([^/]*)(?:\/versions\/([^/]*))?\/infer$/;
const LIVE_BODY = Buffer.from(JSON.stringify({ live: true }));

/**
 * Answers what must cost little, however much comes: requests to infer, which are refused before anything is made of them while the server is full,
 * and whether it lives. `next` gets all others.
 */
export function createFront(context: HttpContext, next: Handle): Handle {
  return (request, response) => {
    const { method, url } = request as { readonly method: string; readonly url: string };
    if (method === 'GET' && url === LIVE) {
      answer({ context, request, response, route: LIVE, group: 'health' }, answerLive);
      return;
    }
    const path = method !== 'POST' ? undefined : QUERY.test(url) ? url.split(QUERY, 1)[0] : url;
    const [, model, version] = (path === undefined ? null : INFER_PATH.exec(path)) ?? [];
    if (model === undefined) {
      next(request, response);
      return;
    }
    const route = version === undefined ? INFER : INFER_VERSION;
    answer({ context, request, response, route, group: 'inference' }, (exchange) => {
      answerInfer(exchange, addressOf(model, version));
    });
  };
}

interface Asked {
  readonly context: HttpContext;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: string;
  readonly group: ApiGroup;
}

/** What every request goes through; what `act` throws is answered. */
function answer(
  { context, request, response, route, group }: Asked,
  act: (exchange: Exchange) => void,
): void {
  const notes = notesOf(route, context.newId());
  const exchange: Exchange = { context, request, response, notes, onGone: undefined };
  response.once('close', () => {
    if (!response.writableFinished) exchange.onGone?.();
    finish(context, notes, request, response);
  });
  try {
    checkBrowser(request, context.browser);
    if (request.headers.origin !== undefined)
      for (const [name, value] of Object.entries(originHeaders(context, request)))
        response.setHeader(name, value);
    context.access(group, (name) => headerOf(request, name));
    act(exchange);
  } catch (error) {
    refuseDirectly(context, notes, request, response, error);
  }
}

function answerLive({ context, response }: Exchange): void {
  response.writeHead(200, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': LIVE_BODY.length,
    ...(context.isStopping() && { Connection: 'close' }),
  });
  response.end(LIVE_BODY);
}

function addressOf(model: string, version: string | undefined): ModelAddress {
  return { model: decode(model), ...(version !== undefined && { version: decode(version) }) };
}

function decode(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest(`"${part}" in its URL is not percent-encoded UTF-8.`);
  }
}
