/** A wrong argument or input: exit code 2. The message says what was given, what is allowed and what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command did its work and a check failed: exit code 1. */
export class CheckFailedError extends Error {
  override readonly name = 'CheckFailedError';
}

/** Something is missing on this machine: exit code 3. The message says what to type. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/** 0: fine. 1: a check failed, or an unforeseen error. 2: wrong usage. 3: something is missing on this machine. */
export type ExitCode = 0 | 1 | 2 | 3;

export interface RunMainOptions {
  /** Receives the error lines. */
  readonly printError: (text: string) => void;
  /** Shows where an error came from, causes included. Default false. */
  readonly debug?: boolean;
}

/**
 * Runs a program's work and returns its exit code: 0, or, after one line `error: …`, that of the error. Prints no stack trace
 * unless `debug` is set.
 */
export async function runMain(
  work: () => Promise<void>,
  { printError, debug = false }: RunMainOptions,
): Promise<ExitCode> {
  try {
    await work();
    return 0;
  } catch (error) {
    printError(`error: ${errorLine(error)}\n`);
    if (debug) printError(stacks(error));
    return exitCodeOf(error);
  }
}

/** Codes of ensemble-runtime and of the operating system that say what this machine lacks. */
const missingHere: readonly unknown[] = [
  ...['runtime-missing', 'runtime-unsupported', 'device-unavailable'],
  ...['EACCES', 'EADDRINUSE', 'EADDRNOTAVAIL', 'ECONNREFUSED', 'ECONNRESET', 'EMFILE'],
  ...['ENOSPC', 'ENOTFOUND', 'EPERM', 'EROFS', 'ETIMEDOUT'],
];

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): 1 | 2 | 3 {
  if (error instanceof CheckFailedError) return 1;
  if (error instanceof EnvironmentError || lacks(error)) return 3;
  return error instanceof UsageError ? 2 : 1;
}

function lacks(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return missingHere.includes((error as { code?: unknown }).code) || lacks(error.cause);
}

/** An error's message on one line. */
export function errorLine(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : String(error);
  return message.replace(/\s*\n\s*/g, ' ').trim();
}

function stacks(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const cause = error.cause === undefined ? '' : `caused by: ${stacks(error.cause)}`;
  return `${error.stack ?? error.message}\n${cause}`;
}
