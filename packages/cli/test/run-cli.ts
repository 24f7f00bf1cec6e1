import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The program as it is published: built output, in a process of its own. */
export const main: string = fileURLToPath(new URL('../dist/main.js', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly process: ChildProcess;
  /** Fulfilled with what was printed so far, once it matches. */
  readonly printed: (pattern: RegExp) => Promise<RegExpMatchArray>;
  readonly ended: Promise<Outcome>;
}

export function startCli(
  argv: readonly string[],
  { directory = process.cwd(), nodeFlags = [] as readonly string[] } = {},
): RunningCli {
  const child = spawn(process.execPath, [...nodeFlags, main, ...argv], { cwd: directory });
  let stdout = '';
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout, stderr });
    });
  });
  const printed = (pattern: RegExp): Promise<RegExpMatchArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(stdout);
        if (match !== null) resolve(match);
      };
      child.stdout.on('data', look);
      void ended.then(() => {
        reject(new Error(`The program ended without printing ${String(pattern)}: ${stderr}`));
      });
      look();
    });
  return { process: child, printed, ended };
}

export async function runCli(
  argv: readonly string[],
  options: { directory?: string; nodeFlags?: readonly string[] } = {},
): Promise<Outcome> {
  return startCli(argv, options).ended;
}
