import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { readBundle } from '@snapshot-ensemble/ensemble-bundle';
import type { LoadOptions } from '@snapshot-ensemble/ensemble-runtime';
import type { FastifyServerFactory } from 'fastify';
import { createDecoder } from './codec/http/decoder.ts';
import { createApp } from './http/app.ts';
import type { HttpContext } from './http/context.ts';
import { createFront } from './http/front.ts';
import { createLogger, errorText, type LogEntry } from './observe/log.ts';
import { createMetrics } from './observe/metrics.ts';
import { createRecorder } from './observe/record.ts';
import { loadTracing } from './observe/trace.ts';
import {
  checkHandlerOptions,
  handlerSettings,
  isServedModel,
  type HandlerOptions,
  type HandlerSettings,
  type ServedModel,
} from './options.ts';
import { openModel, toSource, type BundleLocation } from './repository/open-model.ts';
import {
  createRepository,
  type ModelSource,
  type Repository,
  type VersionSource,
} from './repository/repository.ts';
import { createAccess } from './security/access.ts';
import { createAdmission } from './service/admission.ts';
import { createPace } from './service/pace.ts';

/** The protocol for a server of your own. It owns processes: call `close`. */
export interface InferenceHandler {
  /** Answers a request of Node's http server; paths begin with `/v2`, `/metrics`, `/openapi.json`, `/`. The body must not have been read. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Opens a model again and replaces the one that is served. False if nothing had changed. Throws `ServerError`. */
  reload(model: string): Promise<boolean>;
  /** From now on the server is not ready, and connections end after their next response. */
  stopping(): void;
  /** Answers the requests it has, then closes the models. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What `serve` needs beside the handler. */
export interface Core {
  readonly context: HttpContext;
  readonly app: ReturnType<typeof createApp>;
  readonly repository: Repository;
  /** Loads every model. Throws what `loadEnsemble` throws. */
  load(): Promise<void>;
  readonly handler: InferenceHandler;
}

/**
 * The handler for `node:http`, Express, Fastify and similar servers. Resolves once all models are loaded and warm.
 * Throws what `loadEnsemble` throws, and `RangeError` for impossible options.
 */
export async function createHandler(options: HandlerOptions): Promise<InferenceHandler> {
  checkHandlerOptions(options);
  const core = await createCore(handlerSettings(options));
  try {
    await core.app.ready();
    await core.load();
  } catch (error) {
    await core.handler.close();
    throw error;
  }
  return core.handler;
}

export async function createCore(
  settings: HandlerSettings,
  serverFactory?: FastifyServerFactory,
): Promise<Core> {
  const { limits } = settings;
  const log = createLogger(settings.onLog, settings.logLevel);
  const repository = createRepository(sourcesOf(settings));
  const admission = createAdmission({
    maxBytesInFlight: limits.bytesInFlight,
    maxRequestsInFlight: limits.requestsInFlight,
  });
  const recorder = createRecorder();
  let isStopping = false;
  const decoder = createDecoder({
    limits: { maxDepth: limits.jsonDepth, maxValues: limits.jsonValues },
  });
  const context: HttpContext = {
    version: ownVersion(),
    repository,
    admission,
    access: createAccess(settings.access),
    isAdminOn: settings.access.admin !== 'off',
    recorder,
    metrics: createMetrics({ repository, recorder, admission }),
    log,
    tracing: await loadTracing(),
    maxQueueMs: limits.queueMs,
    isStopping: () => isStopping,
    decoder,
    newId: ids(),
    pace: createPace(ANSWERS_A_TURN, setImmediate),
    body: {
      maxBytes: limits.bodyBytes,
      stallMs: limits.bodyStallMs,
      minRate: limits.bodyBytesPerSecond,
    },
    browser: {
      allowedHosts:
        settings.allowedHosts?.includes('*') === true ? undefined : settings.allowedHosts,
      allowedOrigins: settings.allowedOrigins,
    },
  };
  const app = createApp(
    context,
    serverFactory && ((handle, options) => serverFactory(createFront(context, handle), options)),
  );
  const watcher = watch(repository, settings);
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    isStopping = true;
    clearInterval(watcher);
    await app.close();
    await repository.close();
    await decoder.close();
  };
  const close = (): Promise<void> => (closing ??= closeAll());
  return {
    context,
    app,
    repository,
    load: () => loadAll(repository),
    handler: {
      handle: createFront(context, (request, response) => {
        app.routing(request, response);
      }),
      reload: (model) => reload(repository, model, settings),
      stopping() {
        isStopping = true;
      },
      close,
      [Symbol.asyncDispose]: close,
    },
  };
}

function sourcesOf({
  bundles,
  runtime,
  limits,
}: HandlerSettings): Readonly<Record<string, ModelSource>> {
  return Object.fromEntries(
    Object.entries(bundles).map(([name, given]) => {
      const served: ServedModel = isServedModel(given) ? given : { bundle: given };
      const options = {
        runtime: withNiceness({ ...runtime, ...served.runtime }),
        limits: { maxQueueMs: limits.queueMs, ...served.limits },
      };
      const source = (location: BundleLocation): VersionSource => ({
        open: (version) => openModel(name, version, location, options),
        async readRevision() {
          const bundle = await readBundle(toSource(location));
          await bundle.close();
          return bundle.revision;
        },
      });
      return [
        name,
        served.versions === undefined
          ? { single: source(served.bundle) }
          : {
              versions: Object.fromEntries(
                Object.entries(served.versions).map(([version, location]) => [
                  version,
                  source(location),
                ]),
              ),
            },
      ];
    }),
  );
}

/** Some two milliseconds of writing them. */
const ANSWERS_A_TURN = 8;

/** Liveness and refusals must not wait for batches that are computed on the same core. */
const NICENESS = 5;

function withNiceness(options: LoadOptions): LoadOptions {
  const { executor = 'process' } = options;
  return executor === 'process' ? { niceness: NICENESS, ...options } : options;
}

async function loadAll(repository: Repository): Promise<void> {
  // One after the other: opening graphs takes memory and all cores.
  for (const name of repository.names)
    try {
      await repository.load(name);
    } catch (error) {
      throw (error as { cause?: unknown }).cause ?? error;
    }
}

async function reload(
  repository: Repository,
  name: string,
  settings: HandlerSettings,
): Promise<boolean> {
  const hasChanged = await repository.load(name);
  if (hasChanged)
    say(settings, 'info', `Model ${name} is now at version ${repository.versions(name).at(-1)!}.`);
  return hasChanged;
}

function watch(repository: Repository, settings: HandlerSettings): NodeJS.Timeout | undefined {
  if (settings.watchMs === 0) return undefined;
  let isBusy = false;
  const look = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    for (const name of repository.names)
      await reload(repository, name, settings).catch((error: unknown) => {
        say(settings, 'error', `Model ${name} could not be reloaded.`, error);
      });
    isBusy = false;
  };
  return setInterval(() => void look(), settings.watchMs).unref();
}

function say(
  { onLog, logLevel }: HandlerSettings,
  level: LogEntry['level'],
  message: string,
  error?: unknown,
): void {
  const log = createLogger(onLog, logLevel);
  if (log?.isOn(level) !== true) return;
  log.write({
    time: new Date().toISOString(),
    level,
    message,
    ...(error !== undefined && { error: errorText(error) }),
  });
}

function ids(): () => string {
  let last = 0;
  return () => `req-${(++last).toString(36)}`;
}

function ownVersion(): string {
  const require = createRequire(import.meta.url);
  return (require('../package.json') as { readonly version: string }).version;
}
