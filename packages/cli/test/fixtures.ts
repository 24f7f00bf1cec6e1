import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBundle } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { afterAll, beforeAll } from 'vitest';
import { writeExampleStore } from './example-store.ts';
import { runCli } from './run-cli.ts';

/** A folder of the test file's own, with a store in it, and a bundle where asked for. */
export function useFolder({ bundle = false } = {}): { readonly path: string } {
  const folder = { path: '' };
  beforeAll(async () => {
    folder.path = await mkdtemp(join(tmpdir(), 'snapshot-ensemble-cli-'));
    await writeExampleStore(join(folder.path, 'Ensemble'));
    if (!bundle) return;
    const made = await runCli(['export', 'Ensemble', '--out', 'bundle'], {
      directory: folder.path,
    });
    if (made.code !== 0) throw new Error(made.stderr);
  });
  afterAll(async () => {
    await rm(folder.path, { recursive: true });
  });
  return folder;
}

/** Where a file of a bundle lies, relative to the bundle. */
export async function placeInBundle(folder: string, file: string): Promise<string> {
  const bundle = await readBundle(bundleDirectory(folder));
  await bundle.close();
  return join(bundle.revision ?? '', file);
}

/** Copies a folder and changes one byte in the middle of one of its files. */
export async function copyWithFlippedByte(from: string, to: string, file: string): Promise<void> {
  await cp(from, to, { recursive: true });
  const path = join(to, file);
  const bytes = await readFile(path);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(path, bytes);
}
