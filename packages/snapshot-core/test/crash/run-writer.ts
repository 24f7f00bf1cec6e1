import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface WriterRun {
  /** What the writer said, line by line. */
  readonly lines: readonly string[];
  readonly pid: number;
}

const writerFile = fileURLToPath(new URL('writer.mjs', import.meta.url));

export interface RunningWriter {
  /** Resolves once the writer has said this. */
  spoken(marker: string): Promise<void>;
  kill(): void;
  readonly ended: Promise<WriterRun>;
}

export function startWriter(folder: string, fault?: string): RunningWriter {
  const args = [writerFile, folder, ...(fault === undefined ? [] : [fault])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = new Promise<WriterRun>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      resolve({ lines: output.split('\n').filter(Boolean), pid: child.pid ?? 0 });
    });
  });
  return {
    ended,
    kill: () => child.kill('SIGKILL'),
    spoken: (marker) =>
      new Promise((resolve) => {
        const listen = (): void => {
          if (output.includes(marker)) resolve();
        };
        child.stdout.on('data', listen);
        child.on('close', () => {
          resolve();
        });
        listen();
      }),
  };
}

/** Starts a writer, waits for `marker` in its words, then a while, and kills it with SIGKILL. */
export async function killedWriter(
  folder: string,
  { delayMs, fault, marker = 'saving' }: { delayMs: number; fault?: string; marker?: string },
): Promise<WriterRun> {
  const writer = startWriter(folder, fault);
  await writer.spoken(marker);
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  writer.kill();
  return writer.ended;
}
