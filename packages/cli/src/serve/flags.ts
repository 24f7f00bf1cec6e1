import { InvalidArgumentError, Option, type Command } from 'commander';
import { count, notNegative, port, repeatable } from '../values.ts';

/** What the command line of `serve` may say; what it leaves out the configuration file says, or a default. */
export interface ServeFlags {
  readonly config?: string;
  readonly host?: string;
  readonly port?: number;
  readonly grpcPort?: number;
  readonly device?: 'cpu' | 'cuda' | 'auto';
  readonly workers?: number;
  readonly threads?: number;
  readonly runtime: Pairs;
  readonly limit: Pairs;
  readonly access: Pairs;
  readonly keysFrom: Pairs;
  readonly allowedHost: readonly string[];
  readonly allowedOrigin: readonly string[];
  readonly tlsKey?: string;
  readonly tlsCert?: string;
  readonly tlsClientCa?: string;
  readonly watch?: number;
  readonly cache?: string;
  readonly preStopDelay?: number;
  readonly shutdown?: number;
  readonly log: 'json' | 'none';
  readonly json?: true;
}

export type Pairs = Readonly<Record<string, string>>;

export function addServeFlags(command: Command): Command {
  return command
    .option('--config <file>', 'JSON file with the options of serve(); flags override it')
    .option('--host <address>', 'address to listen on; 0.0.0.0 for all (default: 127.0.0.1)')
    .option('--port <number>', 'port to listen on; 0 takes a free one (default: 8000)', port)
    .option('--grpc-port <number>', 'also serve gRPC on this port (default: no gRPC)', port)
    .addOption(
      new Option(
        '--device <name>',
        'where ensembles run; auto takes CUDA where it works (default: cpu)',
      ).choices(['cpu', 'cuda', 'auto']),
    )
    .option(
      '--workers <count>',
      'workers per bundle, each with its own copy of the weights (default: 1)',
      count,
    )
    .option(
      '--threads <count>',
      'cores per worker (default: all cores divided by the workers)',
      count,
    )
    .addOption(repeatable('--runtime <name=value>', 'another option of loadEnsemble()', pairs, {}))
    .addOption(
      repeatable('--limit <name=number>', 'a limit of serve(), e.g. bodyBytes=1000000', pairs, {}),
    )
    .addOption(
      repeatable(
        '--access <group=open|off>',
        'who may call a group of routes, e.g. admin=open: load and unload',
        pairs,
        {},
      ),
    )
    .addOption(
      repeatable(
        '--keys-from <group=VARIABLE>',
        'require one of the keys in this environment variable, separated by commas',
        pairs,
        {},
      ),
    )
    .addOption(repeatable('--allowed-host <name>', 'host name that clients may use', list, []))
    .addOption(
      repeatable('--allowed-origin <origin>', 'origin whose pages may send requests', list, []),
    )
    .option('--tls-key <file>', 'private key, PEM')
    .option('--tls-cert <file>', 'certificate, PEM')
    .option(
      '--tls-client-ca <file>',
      'authority that must have signed the certificates of clients, PEM',
    )
    .option(
      '--cache <folder>',
      "folder for bundles fetched from s3:// (default: in the system's temporary folder)",
    )
    .option('--watch <ms>', 'how often to look for new revisions of the bundles', count)
    .option(
      '--pre-stop-delay <ms>',
      'how long to keep answering after SIGTERM (default: 5000)',
      notNegative,
    )
    .option('--shutdown <ms>', 'how long stopping may take (default: 25000)', count)
    .addOption(
      new Option('--log <form>', 'a line of JSON to standard error for each request')
        .choices(['json', 'none'])
        .default('none'),
    )
    .option('--json', 'print one JSON object per line: when it listens, and when it stops');
}

function pairs(text: string, before: Pairs): Pairs {
  const [, name, value] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Give name=value.');
  return { ...before, [name]: value };
}

function list(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}
