import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { LogEntry, ServeOptions } from '@snapshot-ensemble/ensemble-server';
import { openBundle } from '../folders.ts';
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
  const bundles = { ...file?.bundles, ...(await namedBundles(folders, directory)) };
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
    onLog: (entry) => {
      if (flags.log === 'json') printError(`${JSON.stringify(entry)}\n`);
      else if (entry.level === 'error') printError(plainLine(entry));
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

async function namedBundles(
  folders: readonly string[],
  directory: string,
): Promise<Readonly<Record<string, string>>> {
  const bundles: Record<string, string> = {};
  for (const argument of folders) {
    const { given, folder } = splitName(argument);
    const { bundle } = await openBundle(folder, directory);
    await bundle.close();
    const name = given ?? bundle.manifest.name;
    if (Object.hasOwn(bundles, name))
      throw new UsageError(
        `serve: two bundles are called "${name}". Give one another name: other=${folder}.`,
      );
    bundles[name] = resolve(directory, folder);
  }
  return bundles;
}

function splitName(argument: string): { readonly given?: string; readonly folder: string } {
  const [, given, folder] = /^([^/\\=]+)=(.+)$/s.exec(argument) ?? [];
  return given === undefined || folder === undefined ? { folder: argument } : { given, folder };
}
