#!/usr/bin/env node
import { CommanderError } from 'commander';
import { parseOptions } from './options.ts';

const write = (text: string): void => void process.stdout.write(text);

try {
  const options = parseOptions(process.argv.slice(2), write);
  // After the flags were read: TensorFlow.js takes a second to load.
  const { runQuickstart } = await import('./run.ts');
  await runQuickstart(options, {
    isTerminal: process.stdout.isTTY,
    print: (line) => {
      write(`${line}\n`);
    },
  });
} catch (error) {
  process.exitCode = report(error);
}

/** One line for what a person can mend; DEBUG=1 shows the rest. */
function report(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const hint = error instanceof CommanderError ? ' Allowed flags: npm run demo -- --help' : '';
  const message = error instanceof Error ? error.message : String(error);
  console.error(`${message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ')}${hint}`);
  if (process.env['DEBUG']) console.error(error);
  return 1;
}
