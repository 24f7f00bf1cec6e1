import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { BundleSource } from '@snapshot-ensemble/ensemble-bundle';
import { loadEnsemble, type Ensemble, type LoadOptions } from '@snapshot-ensemble/ensemble-runtime';
import type { FastifyInstance } from 'fastify';
import { createApp } from './create-app.ts';
import type { Models } from './data-plane.ts';
import { ServerError } from './errors.ts';
import { createMetrics } from './metrics.ts';

export interface ServeOptions {
  /** What is served, by the name it has in URLs. */
  readonly bundles: Readonly<Record<string, string | URL | BundleSource>>;
  /** Default `127.0.0.1`: this machine only. */
  readonly host?: string;
  /** 0 takes a free one; `url` tells which. Default 8000. */
  readonly port?: number;
  /** For every bundle. */
  readonly runtime?: LoadOptions;
  /** Bytes of a request's body, and of what it is decompressed to. Default 64 MiB. */
  readonly bodyLimit?: number;
  /** Nesting of a request's JSON. Default 100. */
  readonly maxJsonDepth?: number;
  /** Elements, objects and arrays in a request's JSON; larger tensors go as binary data. Default 8,388,608. */
  readonly maxJsonValues?: number;
  /** How long `close` waits for answers that clients have not taken. Default 30,000. */
  readonly drainTimeoutMs?: number;
  /** Told of errors that are the server's own; clients get their text with status 500. */
  readonly onError?: (error: unknown) => void;
}

export interface RunningServer {
  /** E.g. `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Takes no more requests, answers those it has, ends the ensembles' threads. */
  close(): Promise<void>;
}

type Settings = Required<Omit<ServeOptions, 'bundles' | 'runtime'>>;

const defaults: Settings = {
  host: '127.0.0.1',
  port: 8000,
  bodyLimit: 64 * 1024 * 1024,
  maxJsonDepth: 100,
  maxJsonValues: 8 * 1024 * 1024,
  drainTimeoutMs: 30_000,
  onError: () => undefined,
};

/**
 * Serves bundles over the Open Inference Protocol v2 (HTTP). Fulfilled once all are loaded, warm and reachable. Throws `ServerError`
 * (`port-in-use`, `cannot-listen`), what `loadEnsemble` throws, and `RangeError` for impossible options.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const settings = { ...defaults, ...options };
  checkOptions(settings, Object.keys(options.bundles));
  const models = await loadAll(options.bundles, options.runtime);
  const app = createApp(
    {
      models,
      metrics: createMetrics(models),
      version: ownVersion(),
      bodyLimit: settings.bodyLimit,
      limits: { maxDepth: settings.maxJsonDepth, maxValues: settings.maxJsonValues },
    },
    settings.onError,
  );
  try {
    const url = await listen(app, settings);
    let closing: Promise<void> | undefined;
    return { url, close: () => (closing ??= shutDown(app, models, settings.drainTimeoutMs)) };
  } catch (error) {
    await shutDown(app, models, settings.drainTimeoutMs);
    throw error;
  }
}

function checkOptions(settings: Settings, names: readonly string[]): void {
  if (names.length === 0 || names.some((name) => name === '' || name.includes('/')))
    throw new RangeError(
      `serve: bundles are named [${names.join(', ')}]. Name at least one, without "/": the names are parts of URLs.`,
    );
  const { port, bodyLimit, maxJsonDepth, maxJsonValues, drainTimeoutMs } = settings;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new RangeError(`serve: port is ${port}. Pass a whole number from 0 to 65535.`);
  for (const [name, value] of Object.entries({
    bodyLimit,
    maxJsonDepth,
    maxJsonValues,
    drainTimeoutMs,
  }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`serve: ${name} is ${value}. Pass a whole number from 1.`);
}

async function loadAll(bundles: ServeOptions['bundles'], runtime?: LoadOptions): Promise<Models> {
  const models = new Map<string, Ensemble>();
  try {
    // One after the other: opening graphs takes memory and all cores.
    for (const [name, bundle] of Object.entries(bundles)) {
      const ensemble = await loadEnsemble(bundle, runtime);
      models.set(name, ensemble);
      await ensemble.warmUp();
    }
    return models;
  } catch (error) {
    await closeAll(models);
    throw error;
  }
}

async function closeAll(models: Models): Promise<void> {
  await Promise.all(Array.from(models.values(), (ensemble) => ensemble.close()));
}

async function listen(app: FastifyInstance, { host, port }: Settings): Promise<string> {
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
  return `http://${host.includes(':') ? `[${host}]` : host}:${actual}`;
}

async function shutDown(app: FastifyInstance, models: Models, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => {
    app.server.closeAllConnections();
  }, timeoutMs);
  try {
    await app.close();
  } finally {
    clearTimeout(timer);
  }
  await closeAll(models);
}

function ownVersion(): string {
  const require = createRequire(import.meta.url);
  return (require('../package.json') as { readonly version: string }).version;
}
