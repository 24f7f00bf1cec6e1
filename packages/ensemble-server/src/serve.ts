import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { ServerError } from './errors.ts';
import { startGrpc, type GrpcServer } from './grpc/server.ts';
import { createCore, type Core } from './handler.ts';
import { onCheckContinue } from './http/app.ts';
import {
  checkCount,
  checkPort,
  checkServeOptions,
  handlerSettings,
  type Limits,
  type ServeOptions,
} from './options.ts';
import { defaultHosts } from './security/browser.ts';

export interface RunningServer {
  /** E.g. `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Host and port for gRPC, e.g. `127.0.0.1:8001`; undefined without. */
  readonly grpc: string | undefined;
  /** Opens a model again and replaces the one that is served. False if nothing had changed. Throws `ServerError`. */
  reload(model: string): Promise<boolean>;
  /** For SIGTERM: reports not ready at once, keeps answering for `preStopDelayMs`, then closes. */
  drain(): Promise<void>;
  /**
   * Takes no more requests, answers those it has, closes the models; after `shutdownMs` it cuts off what is left. Ends
   * the delay of `drain`.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

// How long a connection may be without a request before it is closed while the server stops.
const IDLE_MS = 100;

/**
 * Serves bundles over the Open Inference Protocol v2. It listens first, so that it is live while models load, and
 * resolves once all are loaded and warm. Throws `ServerError` (`port-in-use`, `cannot-listen`), what `loadEnsemble`
 * throws, and `RangeError` for impossible options.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  checkServeOptions(options);
  const { host = '127.0.0.1', port = 8000, grpcPort, tls } = options;
  const { preStopDelayMs = 5000, shutdownMs = 25_000 } = options;
  checkPort('port', port);
  if (grpcPort !== undefined) checkPort('grpcPort', grpcPort);
  checkCount('preStopDelayMs', preStopDelayMs, 0);
  checkCount('shutdownMs', shutdownMs, 1);
  const settings = handlerSettings({
    ...options,
    ...(options.allowedHosts === undefined &&
      defaultHosts(host) !== undefined && { allowedHosts: defaultHosts(host)! }),
  });
  let server: Server | undefined;
  const core = await createCore(settings, (handle) => {
    server = createHttpServer(options, settings.limits);
    server.on('request', handle);
    server.on('checkContinue', (request, response) => {
      onCheckContinue(request, response, handle);
    });
    return server;
  });
  let grpc: GrpcServer | undefined;
  const hurry = new AbortController();
  const stop = (delayMs: number): Promise<void> =>
    shutDown(core, { server: server!, grpc, delayMs, shutdownMs, hurry: hurry.signal });
  let stopping: Promise<void> | undefined;
  try {
    const url = await listen(core, { host, port, scheme: tls === undefined ? 'http' : 'https' });
    if (grpcPort !== undefined)
      grpc = await startGrpc(core.context, {
        host,
        port: grpcPort,
        limits: settings.limits,
        tls,
      });
    options.onListening?.({ url, grpc: grpc?.address });
    await core.load();
    const close = (): Promise<void> => {
      hurry.abort();
      return (stopping ??= stop(0));
    };
    return {
      url,
      grpc: grpc?.address,
      reload: (model) => core.handler.reload(model),
      drain: () => (stopping ??= stop(preStopDelayMs)),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

function createHttpServer({ tls }: ServeOptions, limits: Limits): Server {
  const options = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    // Slow bodies are the body reader's affair: it knows their length.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveMs,
    noDelay: true,
    connectionsCheckingInterval: Math.min(1000, limits.headersMs),
  };
  const server =
    tls === undefined
      ? createServer(options)
      : createTlsServer({
          ...options,
          key: tls.key,
          cert: tls.cert,
          ...(tls.clientCa !== undefined && {
            ca: tls.clientCa,
            requestCert: true,
            rejectUnauthorized: true,
          }),
        });
  server.maxConnections = limits.connections;
  return server;
}

async function listen(
  { app }: Core,
  { host, port, scheme }: { readonly host: string; readonly port: number; readonly scheme: string },
): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new ServerError(
        'port-in-use',
        `Cannot listen on ${host}:${port}: the port is in use. Stop what listens there, or pass another port (0 takes a free one).`,
        { cause },
      );
    throw new ServerError(
      'cannot-listen',
      `Cannot listen on ${host}:${port}: ${message}. Pass a host of this machine and a port you may open (from 1024).`,
      { cause },
    );
  }
  const { port: actual } = app.server.address() as AddressInfo;
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${actual}`;
}

interface ShutDown {
  readonly server: Server;
  readonly grpc: GrpcServer | undefined;
  readonly delayMs: number;
  readonly shutdownMs: number;
  /** Ends the delay. */
  readonly hurry: AbortSignal;
}

async function shutDown(
  { handler }: Core,
  { server, grpc, delayMs, shutdownMs, hurry }: ShutDown,
): Promise<void> {
  const started = performance.now();
  handler.stopping();
  await setTimeout(Math.min(delayMs, shutdownMs), undefined, { signal: hurry }).catch(
    () => undefined,
  );
  const left = Math.max(1, shutdownMs - (performance.now() - started));
  const cutOff = globalThis.setTimeout(() => {
    server.closeAllConnections();
  }, left);
  try {
    await Promise.all([grpc?.close(left), closeHttp(server)]);
  } finally {
    clearTimeout(cutOff);
  }
  await handler.close();
}

/**
 * Stops listening, then closes connections as they fall idle. A connection that a client is about to use is not told from one that nobody
 * uses, so each gets a moment: a request sent in it is answered, with `Connection: close`.
 */
async function closeHttp(server: Server): Promise<void> {
  if (!server.listening) return;
  const closeIdle = server.closeIdleConnections.bind(server);
  const closed = new Promise<void>((resolve) => {
    // Node's own close would cut idle connections at once.
    server.closeIdleConnections = () => undefined;
    server.close(() => {
      resolve();
    });
  });
  await Promise.race([closed, setTimeout(IDLE_MS)]);
  const timer = setInterval(() => {
    closeIdle();
  }, IDLE_MS);
  closeIdle();
  await closed;
  clearInterval(timer);
}
