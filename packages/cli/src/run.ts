import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import type { Surroundings } from './command.ts';
import { commands } from './commands.ts';
import { isFarewell, unknownCommand, usageError } from './usage.ts';

const { version } = createRequire(import.meta.url)('../package.json') as {
  readonly version: string;
};

/** Does what the arguments (without `node` and the script) ask for. Throws `UsageError` for arguments that are wrong. */
export async function run(words: readonly string[], surroundings: Surroundings): Promise<void> {
  const argv = words[0] === 'help' ? [...words.slice(1), '--help'] : words;
  const program = await programFor(argv, surroundings);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError && isFarewell(error))) throw error;
  }
}

/** The program, in which the one command that is asked for is complete and the others are only listed. */
async function programFor(argv: readonly string[], surroundings: Surroundings): Promise<Command> {
  const program = new Command('snapshot-ensemble')
    .description('Snapshot ensembles: train, inspect, export, verify and serve them.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addHelpText(
      'after',
      '\nsnapshot-ensemble COMMAND --help has examples of each.\nExit codes: 0 fine, 1 a check failed, 2 wrong usage, 3 something is missing on this machine.',
    )
    .option('--debug', 'on an error, also show where it came from')
    .configureOutput({ writeOut: surroundings.print, outputError: () => undefined });
  exitsWithUsageError(program);
  const asked = argv.find((argument) => !argument.startsWith('-'));
  for (const [name, { summary, examples, load }] of Object.entries(commands)) {
    const command = program.command(name).summary(summary);
    exitsWithUsageError(command);
    command.addHelpText(
      'after',
      `\nExamples:\n${examples.map((line) => `  npx snapshot-ensemble ${line}\n`).join('')}`.trimEnd(),
    );
    if (name === asked) (await load()).define(command, surroundings);
  }
  if (asked !== undefined && !Object.hasOwn(commands, asked)) throw unknownCommand(program, asked);
  if (asked === undefined) program.action(() => program.help());
  return program;
}

function exitsWithUsageError(command: Command): void {
  command.exitOverride((error) => {
    throw isFarewell(error) ? error : usageError(command, error);
  });
}
