#!/usr/bin/env node
import { run } from './run.ts';
import { runMain } from './run-main.ts';

// `… | head` closes the pipe early; that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const argv = process.argv.slice(2);
const printError = (text: string): void => {
  process.stderr.write(text);
};
const print = (text: string): void => {
  process.stdout.write(text);
};
process.exitCode = await runMain(() => run(argv, { print, printError, directory: process.cwd() }), {
  printError,
  debug: argv.includes('--debug'),
});
