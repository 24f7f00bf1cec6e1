import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { Surroundings } from '../command.ts';
import { openBundle } from '../folders.ts';
import { errorLine, UsageError } from '../run-main.ts';
import { count, port } from '../values.ts';

interface ServeFlags {
  readonly host: string;
  readonly port: number;
  readonly device: 'cpu' | 'cuda' | 'auto';
  readonly workers: number;
  readonly threads?: number;
}

export function define(command: Command, surroundings: Surroundings): void {
  command
    .description(
      'Serves bundles over the Open Inference Protocol v2 (HTTP, JSON and binary) until Ctrl-C; then answers what it has\n' +
        'accepted and ends. Metrics are at /metrics.',
    )
    .argument('<bundle...>', 'folders of bundles; name=folder serves one under another name')
    .option('--host <address>', 'address to listen on; 0.0.0.0 for every one', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 takes a free one', port, 8000)
    .addOption(
      new Option('--device <name>', 'where ensembles run; auto takes CUDA where it works')
        .choices(['cpu', 'cuda', 'auto'])
        .default('cpu'),
    )
    .option(
      '--workers <count>',
      'threads per bundle, each with its own copy of the weights',
      count,
      1,
    )
    .option(
      '--threads <count>',
      'cores per worker (default: all cores divided by the workers)',
      count,
    )
    .action((folders: readonly string[], flags: ServeFlags) =>
      serveUntilStopped(folders, flags, surroundings),
    );
}

async function serveUntilStopped(
  folders: readonly string[],
  { host, port, device, workers, threads }: ServeFlags,
  { print, printError, directory }: Surroundings,
): Promise<void> {
  const bundles = await namedBundles(folders, directory);
  const { serve } = await import('@snapshot-ensemble/ensemble-server');
  const server = await serve({
    bundles,
    host,
    port,
    runtime: { device, workers, ...(threads !== undefined && { threads }) },
    onError: (error) => {
      printError(`error: ${errorLine(error)}\n`);
    },
  });
  for (const name of Object.keys(bundles))
    print(`Serving ${name} at ${server.url}/v2/models/${encodeURIComponent(name)}\n`);
  print('Ctrl-C stops.\n');
  await stopSignal();
  print('Stopping: answering what was accepted. Ctrl-C again ends at once.\n');
  await server.close();
}

async function namedBundles(
  folders: readonly string[],
  directory: string,
): Promise<Readonly<Record<string, string>>> {
  const bundles: Record<string, string> = {};
  for (const argument of folders) {
    const { given, folder } = splitName(argument);
    const { bundle } = await openBundle(folder, directory);
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

/** The first request to stop; the next one ends the process, as without a handler. */
function stopSignal(): Promise<void> {
  return new Promise((stop) => {
    const once = (): void => {
      process.off('SIGINT', once).off('SIGTERM', once);
      stop();
    };
    process.on('SIGINT', once).on('SIGTERM', once);
  });
}
