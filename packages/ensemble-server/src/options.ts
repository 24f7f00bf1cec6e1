import { checkOptions, type KnownOptions } from '@snapshot-ensemble/options';
import type { LoadOptions } from '@snapshot-ensemble/ensemble-runtime';
import { LOG_LEVELS, type Log, type LogEntry } from './observe/log.ts';
import type { ModelLimits } from './repository/model.ts';
import type { BundleLocation } from './repository/open-model.ts';
import { DEFAULT_ACCESS, type AccessRules } from './security/access.ts';

/** One model: a bundle, whose every reload is the next version, or bundles by the number of their version. */
export type ServedModel = ModelOptions &
  (
    | { readonly bundle: BundleLocation; readonly versions?: undefined }
    | { readonly versions: Readonly<Record<string, BundleLocation>>; readonly bundle?: undefined }
  );

export interface ModelOptions {
  /** Overrides the handler's `runtime` for this model. */
  readonly runtime?: LoadOptions;
  readonly limits?: ModelLimits;
}

export interface TlsOptions {
  /** PEM. */
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
  /** Authorities that must have signed the certificates of clients; without it, clients need no certificate. */
  readonly clientCa?: string | Buffer;
}

/** What requests may cost. */
export interface Limits {
  /** Bytes of a request's body, and of what it is decompressed to. Default 64 MiB. */
  readonly bodyBytes: number;
  /** Nesting of a request's JSON. Default 100. */
  readonly jsonDepth: number;
  /** Elements, objects and arrays in a request's JSON; larger tensors go as binary data. Default 8,388,608. */
  readonly jsonValues: number;
  /** Memory for all requests in progress; what does not fit is refused before it is read. Default 256 MiB. */
  readonly bytesInFlight: number;
  /** Infer requests in progress at a time. Default 4,096. */
  readonly requestsInFlight: number;
  /** Longest wait for a turn, in milliseconds; requests that would wait longer are refused. Default 1,000. */
  readonly queueMs: number;
  /** Connections at a time; more are closed at once. Default 1,024. */
  readonly connections: number;
  /** Bytes of a request's headers. Default 16 KiB. */
  readonly headerBytes: number;
  /** How long the headers of a request may take, in milliseconds. Default 10,000. */
  readonly headersMs: number;
  /** How long a body may stall, in milliseconds. Default 5,000. */
  readonly bodyStallMs: number;
  /** Bytes per second that a body must keep up after that time. Default 16 KiB. */
  readonly bodyBytesPerSecond: number;
  /**
   * How long a connection without a request is kept, in milliseconds. Default 65,000: longer than proxies usually do.
   */
  readonly keepAliveMs: number;
}

/** What is served, and how. */
export interface HandlerOptions {
  /** By the name that each has in URLs. */
  readonly bundles: Readonly<Record<string, BundleLocation | ServedModel>>;
  /** For every model. */
  readonly runtime?: LoadOptions;
  readonly limits?: Partial<Limits>;
  /** Who may call what. Default: everybody may read and infer, nobody may load and unload. */
  readonly access?: Partial<AccessRules>;
  /**
   * Host names that clients may use; `*` is any. Default: those of this machine if the server listens on it alone, else
   * any.
   */
  readonly allowedHosts?: readonly string[];
  /** Other sites whose pages may call it, e.g. `https://example.org`. Default none. */
  readonly allowedOrigins?: readonly string[];
  /** How often to look whether a bundle has another revision, in milliseconds; 0 is never. Default 0. */
  readonly watchMs?: number;
  /** Called with every request and with what the server does. Default none. */
  readonly onLog?: Log;
  /** The least severe entries that `onLog` is called with: `info` is all, `error` what the server did wrong. Default `info`. */
  readonly logLevel?: LogEntry['level'];
}

export interface ServeOptions extends HandlerOptions {
  /** Default `127.0.0.1`: this machine only. */
  readonly host?: string;
  /** 0 takes a free one; `url` has it. Default 8000. */
  readonly port?: number;
  /** Port for gRPC, as `port`. Default none: HTTP only. */
  readonly grpcPort?: number;
  /** Without it, put the server behind a proxy that does TLS. */
  readonly tls?: TlsOptions;
  /** How long `drain` keeps answering after it reports not ready, so that a load balancer sends requests elsewhere. Default 5,000. */
  readonly preStopDelayMs?: number;
  /** How long `drain` and `close` take at most, the delay included; what is left is cut off. Default 25,000. */
  readonly shutdownMs?: number;
  /** Called once it listens, before models are loaded: from then on it is live, and not ready. */
  readonly onListening?: (address: {
    readonly url: string;
    readonly grpc: string | undefined;
  }) => void;
}

export const DEFAULT_LIMITS: Limits = {
  bodyBytes: 64 * 1024 * 1024,
  jsonDepth: 100,
  jsonValues: 8 * 1024 * 1024,
  bytesInFlight: 256 * 1024 * 1024,
  requestsInFlight: 4096,
  queueMs: 1000,
  connections: 1024,
  headerBytes: 16 * 1024,
  headersMs: 10_000,
  bodyStallMs: 5000,
  bodyBytesPerSecond: 16 * 1024,
  keepAliveMs: 65_000,
};

const allOf = <T extends object>(defaults: T): { readonly [K in keyof T]-?: true } =>
  Object.fromEntries(Object.keys(defaults).map((name) => [name, true])) as {
    readonly [K in keyof T]-?: true;
  };
const knownLimits = allOf(DEFAULT_LIMITS);
const knownGroups = allOf(DEFAULT_ACCESS);
const knownHandlerOptions: KnownOptions<HandlerOptions> = {
  bundles: true,
  runtime: true,
  limits: true,
  access: true,
  allowedHosts: true,
  allowedOrigins: true,
  watchMs: true,
  onLog: true,
  logLevel: true,
};
const knownServeOptions: KnownOptions<ServeOptions> = {
  ...knownHandlerOptions,
  host: true,
  port: true,
  grpcPort: true,
  tls: true,
  preStopDelayMs: true,
  shutdownMs: true,
  onListening: true,
};

/** Refuses options that `serve` does not have. Throws `RangeError`. */
export function checkServeOptions(options: ServeOptions): void {
  checkOptions('serve', options, knownServeOptions);
  checkOptions('serve: tls', options.tls, { key: true, cert: true, clientCa: true });
}

/** Refuses options that `createHandler` does not have. Throws `RangeError`. */
export function checkHandlerOptions(options: HandlerOptions): void {
  checkOptions('createHandler', options, knownHandlerOptions);
}

export interface HandlerSettings extends Required<Omit<HandlerOptions, 'allowedHosts' | 'onLog'>> {
  readonly limits: Limits;
  readonly access: AccessRules;
  readonly allowedHosts: readonly string[] | undefined;
  readonly onLog: Log | undefined;
}

/** Fills in the defaults. Throws `RangeError` for options that cannot be meant. */
export function handlerSettings(options: HandlerOptions): HandlerSettings {
  checkOptions('serve: limits', options.limits, knownLimits);
  checkOptions('serve: access', options.access, knownGroups);
  checkNested(options);
  checkNames(options.bundles);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { watchMs = 0, logLevel = 'info' } = options;
  for (const [name, value] of Object.entries(limits)) checkCount(`limits.${name}`, value, 1);
  checkCount('watchMs', watchMs, 0);
  if (!LOG_LEVELS.includes(logLevel))
    throw new RangeError(
      `serve: logLevel is ${JSON.stringify(logLevel)}. Use one of: ${LOG_LEVELS.join(', ')}.`,
    );
  if (limits.bytesInFlight < limits.bodyBytes)
    throw new RangeError(
      `serve: limits.bytesInFlight is ${limits.bytesInFlight}, less than limits.bodyBytes (${limits.bodyBytes}): the largest request would never be admitted. Raise the first or lower the second.`,
    );
  return {
    bundles: options.bundles,
    runtime: options.runtime ?? {},
    limits,
    access: { ...DEFAULT_ACCESS, ...options.access },
    allowedHosts: options.allowedHosts,
    allowedOrigins: options.allowedOrigins ?? [],
    watchMs,
    onLog: options.onLog,
    logLevel,
  };
}

function checkNested({ bundles, access = {} }: HandlerOptions): void {
  for (const [name, served] of Object.entries(bundles)) {
    if (!isServedModel(served)) continue;
    const { limits } = served;
    checkOptions(`serve: model "${name}"`, served, {
      ...{ bundle: true, versions: true, runtime: true, limits: true },
    });
    checkOptions(`serve: limits of "${name}"`, limits, { maxRows: true, maxQueueMs: true });
  }
  for (const [group, rule] of Object.entries(access))
    if (typeof rule === 'object')
      checkOptions(`serve: access.${group}`, rule, { keys: true, header: true });
}

export function checkPort(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return;
  throw new RangeError(`serve: ${name} is ${value}. Pass a whole number from 0 to 65535.`);
}

export function checkCount(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(`serve: ${name} is ${value}. Pass a whole number from ${least}.`);
}

function checkNames(bundles: HandlerOptions['bundles']): void {
  const names = Object.keys(bundles);
  if (names.length === 0 || names.some((name) => name === '' || name.includes('/')))
    throw new RangeError(
      `serve: bundles are named [${names.join(', ')}]. Name at least one, without "/": the names are parts of URLs.`,
    );
  for (const [name, served] of Object.entries(bundles)) {
    const versions = isServedModel(served) ? Object.keys(served.versions ?? { 1: '' }) : ['1'];
    if (versions.length === 0 || !versions.every((version) => /^[1-9]\d{0,8}$/.test(version)))
      throw new RangeError(
        `serve: versions of model "${name}" are [${versions.join(', ')}]. Number at least one from 1.`,
      );
  }
}

export function isServedModel(served: BundleLocation | ServedModel): served is ServedModel {
  return (
    typeof served === 'object' &&
    !(served instanceof URL) &&
    ('bundle' in served || 'versions' in served)
  );
}
