import type { Command, CommanderError } from 'commander';
import { UsageError } from './run-main.ts';

/** Commander's own ways to end without an error: `--help` and `--version`. */
export function isFarewell({ code }: CommanderError): boolean {
  return ['commander.help', 'commander.helpDisplayed', 'commander.version'].includes(code);
}

/** What commander found wrong with the arguments of a command, as one line that says what is allowed. */
export function usageError(command: Command, { code, message }: CommanderError): UsageError {
  const said = message
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.?$/, '.');
  const parts = [said, allowed(command, code), `See ${helpFor(command)}.`];
  return new UsageError(parts.filter((part) => part !== '').join(' '));
}

export function unknownCommand(program: Command, name: string): UsageError {
  return new UsageError(
    `unknown command '${name}'. Commands: ${namesOf(program)}. See ${helpFor(program)}.`,
  );
}

function namesOf(program: Command): string {
  return program.commands.map((command) => command.name()).join(', ');
}

function allowed(command: Command, code: string): string {
  if (code === 'commander.unknownOption')
    return `Options: ${command
      .createHelp()
      .visibleOptions(command)
      .map(({ long }) => long ?? '')
      .join(', ')}.`;
  if (code === 'commander.excessArguments' || code === 'commander.missingArgument')
    return `Usage: ${command.name()} ${command.usage()}.`;
  return '';
}

function helpFor(command: Command): string {
  const { parent } = command;
  return parent === null ? `${command.name()} --help` : `${parent.name()} ${command.name()} --help`;
}
