#!/usr/bin/env node
import { progressLine } from './progress-line.ts';
import { run } from './run.ts';
import { runMain } from './run-main.ts';

// `… | head` closes the pipe early; that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const argv = process.argv.slice(2);
const line = progressLine(process.stderr);
const printError = (text: string): void => {
  line.clear();
  process.stderr.write(text);
};
const print = (text: string): void => {
  line.clear();
  process.stdout.write(text);
};
const surroundings = { print, printError, progress: line.show, directory: process.cwd() };
process.exitCode = await runMain(() => run(argv, surroundings), {
  printError,
  debug: argv.includes('--debug'),
});
line.clear();
