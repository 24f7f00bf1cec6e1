import type { Command } from 'commander';
import type { Surroundings } from '../command.ts';
import { addServeFlags, type ServeFlags } from '../serve/flags.ts';
import { serveOptions } from '../serve/options.ts';

export function define(command: Command, surroundings: Surroundings): void {
  addServeFlags(
    command
      .description(
        'Serves bundles over the Open Inference Protocol v2 (HTTP, gRPC with --grpc-port) until Ctrl-C, after which it ' +
          'still answers what it accepted. SIGTERM first lets a load balancer send requests elsewhere. Metrics are at /metrics, a page at /.',
      )
      .argument(
        '[bundle...]',
        'folders of bundles, or s3://bucket/folder; name=folder serves one under another name',
      ),
  ).action((folders: readonly string[], flags: ServeFlags) =>
    serveUntilStopped(folders, flags, surroundings),
  );
}

async function serveUntilStopped(
  folders: readonly string[],
  flags: ServeFlags,
  { print, printError, progress, directory }: Surroundings,
): Promise<void> {
  const options = await serveOptions(folders, flags, { directory, printError });
  const { serve } = await import('@snapshot-ensemble/ensemble-server');
  progress('loading models');
  const server = await serve(options);
  // Before anyone can read that Ctrl-C stops it.
  const stop = stopSignal();
  const { url, grpc } = server;
  const models = Object.keys(options.bundles);
  const say = (lines: readonly string[], event: object): void => {
    print(flags.json === true ? `${JSON.stringify(event)}\n` : `${lines.join('\n')}\n`);
  };
  say(
    [
      ...models.map((name) => `Serving ${name} at ${url}/v2/models/${encodeURIComponent(name)}`),
      ...(grpc === undefined ? [] : [`gRPC at ${grpc}`]),
      `Open ${url}/ or ${url}/metrics. Ctrl-C stops.`,
    ],
    { kind: 'listening', url, ...(grpc !== undefined && { grpc }), models },
  );
  const signal = await stop;
  say(['Stopping after the requests in progress. Press Ctrl-C again to stop at once.'], {
    kind: 'stopping',
    signal,
  });
  await (signal === 'SIGTERM' ? server.drain() : server.close());
}

/** The first request to stop; the next one ends the process, as without a handler. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((stop) => {
    const once = (signal: NodeJS.Signals): void => {
      process.off('SIGINT', once).off('SIGTERM', once);
      stop(signal);
    };
    process.on('SIGINT', once).on('SIGTERM', once);
  });
}
