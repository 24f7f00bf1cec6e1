#!/usr/bin/env node
import { run } from './run.ts';
import { runMain } from './run-main.ts';

// `… | head` closes the pipe early; that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const argv = process.argv.slice(2);
process.exitCode = await runMain(
  () => run(argv, { print: (text) => process.stdout.write(text), directory: process.cwd() }),
  { printError: (text) => process.stderr.write(text), debug: argv.includes('--debug') },
);
