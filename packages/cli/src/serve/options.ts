import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readBundle } from '@snapshot-ensemble/ensemble-bundle';
import type {
  BundleLocation,
  LogEntry,
  ServedModel,
  ServeOptions,
} from '@snapshot-ensemble/ensemble-server';
import { inFolder, openBundle } from '../folders.ts';
import { isObjectStore, remoteBundle } from '../object-store.ts';
import { UsageError } from '../run-main.ts';
import type { Pairs, ServeFlags } from './flags.ts';

/** The options of `serve` out of arguments, flags and the configuration file; flags win. */
export async function serveOptions(
  folders: readonly string[],
  flags: ServeFlags,
  {
    directory,
    printError,
  }: { readonly directory: string; readonly printError: (text: string) => void },
): Promise<ServeOptions> {
  const { readServeConfig } = await import('@snapshot-ensemble/ensemble-server');
  const file =
    flags.config === undefined
      ? undefined
      : await readServeConfig(resolve(directory, flags.config), process.env);
  const cache = flags.cache === undefined ? undefined : resolve(directory, flags.cache);
  const bundles = {
    ...(await configuredBundles(file?.bundles ?? {}, cache)),
    ...(await namedBundles(folders, directory, cache)),
  };
  if (Object.keys(bundles).length === 0)
    throw new UsageError(
      'serve: no bundle is given. Give a folder, or a --config file that names bundles.',
    );
  const limits = mapPairs(flags.limit, 'limit', toNumber);
  const runtime = { ...file?.runtime, ...runtimeFlags(flags) };
  const access = {
    ...file?.access,
    ...flags.access,
    ...mapPairs(flags.keysFrom, 'keys-from', toKeys),
  };
  const { host, port, grpcPort, watch: watchMs } = flags;
  const { preStopDelay: preStopDelayMs, shutdown: shutdownMs } = flags;
  const tls = await readTls(flags, directory);
  return {
    ...file,
    bundles,
    runtime,
    access: access,
    limits: { ...file?.limits, ...limits },
    ...(host !== undefined && { host }),
    ...(port !== undefined && { port }),
    ...(grpcPort !== undefined && { grpcPort }),
    ...(watchMs !== undefined && { watchMs }),
    ...(preStopDelayMs !== undefined && { preStopDelayMs }),
    ...(shutdownMs !== undefined && { shutdownMs }),
    ...(flags.allowedHost.length > 0 && { allowedHosts: flags.allowedHost }),
    ...(flags.allowedOrigin.length > 0 && { allowedOrigins: flags.allowedOrigin }),
    ...(tls !== undefined && { tls }),
    logLevel: flags.log === 'json' ? 'info' : 'error',
    onLog: (entry) => {
      if (flags.log === 'json') printError(`${JSON.stringify(entry)}\n`);
      else printError(plainLine(entry));
    },
  };
}

function plainLine({ message, error }: LogEntry): string {
  return `error: ${message}${error === undefined ? '' : ` ${error.replaceAll(/\s*\n\s*/g, ' ')}`}\n`;
}

function runtimeFlags({ device, workers, threads, runtime }: ServeFlags): object {
  return {
    ...mapPairs(runtime, 'runtime', toJson),
    ...(device !== undefined && { device }),
    ...(workers !== undefined && { workers }),
    ...(threads !== undefined && { threads }),
  };
}

function mapPairs<T>(
  pairs: Pairs,
  flag: string,
  read: (value: string, what: string) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(
    Object.entries(pairs).map(([name, value]) => [name, read(value, `--${flag} ${name}`)]),
  );
}

function toNumber(text: string, what: string): number {
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  throw new UsageError(`serve: ${what} is "${text}". Give a number.`);
}

/** Numbers, true and false as such; all else is text. */
function toJson(text: string): unknown {
  return /^(true|false|-?\d+(\.\d+)?)$/.test(text) ? JSON.parse(text) : text;
}

function toKeys(variable: string, what: string): { readonly keys: readonly string[] } {
  const keys = process.env[variable]?.split(',').filter((key) => key !== '') ?? [];
  if (keys.length > 0) return { keys };
  throw new UsageError(
    `serve: ${what} names the environment variable ${variable}, which is empty. Set it.`,
  );
}

async function readTls(
  { tlsKey, tlsCert, tlsClientCa }: ServeFlags,
  directory: string,
): Promise<ServeOptions['tls']> {
  if (tlsKey === undefined && tlsCert === undefined && tlsClientCa === undefined) return undefined;
  if (tlsKey === undefined || tlsCert === undefined)
    throw new UsageError('serve: TLS needs both --tls-key and --tls-cert. Give both, or neither.');
  const read = (file: string): Promise<Buffer> => readFile(resolve(directory, file));
  return {
    key: await read(tlsKey),
    cert: await read(tlsCert),
    ...(tlsClientCa !== undefined && { clientCa: await read(tlsClientCa) }),
  };
}

/** Bundles of the configuration file; those in an object store become sources. */
async function configuredBundles(
  bundles: ServeOptions['bundles'],
  cache: string | undefined,
): Promise<ServeOptions['bundles']> {
  const sourceOf = async (location: BundleLocation): Promise<BundleLocation> =>
    typeof location === 'string' && isObjectStore(location)
      ? remoteBundle(location, process.env, cache)
      : location;
  const opened = async (
    served: BundleLocation | ServedModel,
  ): Promise<BundleLocation | ServedModel> => {
    if (typeof served === 'string' || served instanceof URL || 'read' in served)
      return sourceOf(served);
    if (served.bundle !== undefined) return { ...served, bundle: await sourceOf(served.bundle) };
    const versions: Record<string, BundleLocation> = {};
    for (const [version, location] of Object.entries(served.versions))
      versions[version] = await sourceOf(location);
    return { ...served, versions };
  };
  const all: Record<string, BundleLocation | ServedModel> = {};
  for (const [name, served] of Object.entries(bundles)) all[name] = await opened(served);
  return all;
}

async function namedBundles(
  folders: readonly string[],
  directory: string,
  cache: string | undefined,
): Promise<Readonly<Record<string, BundleLocation>>> {
  const bundles: Record<string, BundleLocation> = {};
  for (const argument of folders) {
    const { given, folder } = splitName(argument);
    const { location, own } = isObjectStore(folder)
      ? await openRemote(folder, cache)
      : await openLocal(folder, directory);
    const name = given ?? own;
    if (Object.hasOwn(bundles, name))
      throw new UsageError(
        `serve: two bundles are called "${name}". Give one another name: other=${folder}.`,
      );
    bundles[name] = location;
  }
  return bundles;
}

interface Named {
  readonly location: BundleLocation;
  /** What the bundle calls itself. */
  readonly own: string;
}

async function openLocal(folder: string, directory: string): Promise<Named> {
  const { bundle } = await openBundle(folder, directory);
  await bundle.close();
  return { location: resolve(directory, folder), own: bundle.manifest.name };
}

async function openRemote(place: string, cache: string | undefined): Promise<Named> {
  const location = await remoteBundle(place, process.env, cache);
  try {
    await using bundle = await readBundle(location);
    return { location, own: bundle.manifest.name };
  } catch (error) {
    throw inFolder(place, error);
  }
}

function splitName(argument: string): { readonly given?: string; readonly folder: string } {
  const [, given, folder] = /^([^/\\=]+)=(.+)$/s.exec(argument) ?? [];
  return given === undefined || folder === undefined ? { folder: argument } : { given, folder };
}
