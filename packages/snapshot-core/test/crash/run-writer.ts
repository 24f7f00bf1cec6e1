import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface WriterRun {
  /** What the writer said, line by line. */
  readonly lines: readonly string[];
  readonly pid: number;
}

const writerFile = fileURLToPath(new URL('writer.mjs', import.meta.url));

/** Starts a writer, waits for `marker` in its words, then a while, and kills it with SIGKILL. */
export function killedWriter(
  folder: string,
  { delayMs, fault, marker = 'saving' }: { delayMs: number; fault?: string; marker?: string },
): Promise<WriterRun> {
  return new Promise((resolve, reject) => {
    const args = [writerFile, folder, ...(fault === undefined ? [] : [fault])];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    let isArmed = false;
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (isArmed || !output.includes(marker)) return;
      isArmed = true;
      setTimeout(() => child.kill('SIGKILL'), delayMs);
    });
    child.on('error', reject);
    child.on('close', () => {
      resolve({ lines: output.split('\n').filter(Boolean), pid: child.pid ?? 0 });
    });
  });
}
