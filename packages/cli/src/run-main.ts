/** A mistake of the person at the keyboard; its message says what came, what is allowed and what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface RunMainOptions {
  /** Where error lines go. */
  readonly printError: (text: string) => void;
  /** Shows where an error came from, causes included. Default false. */
  readonly debug?: boolean;
}

/**
 * Runs a program's work and returns its exit code: 0, or, after one line `error: …`, 1. No stack trace unless asked.
 */
export async function runMain(
  work: () => Promise<void>,
  { printError, debug = false }: RunMainOptions,
): Promise<0 | 1> {
  try {
    await work();
    return 0;
  } catch (error) {
    printError(`error: ${errorLine(error)}\n`);
    if (debug) printError(stacks(error));
    return 1;
  }
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
