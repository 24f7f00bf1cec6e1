import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UsageError } from './run-main.ts';

const remedies: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist. Make the folder first, or name another file.',
  EACCES: 'you may not write there. Name another place.',
  EEXIST: 'a file of that name is in the way. Name another folder.',
  EISDIR: 'it is a folder. Name a file.',
  ENOTDIR: 'a part of its path is a file. Name another place.',
  ENOSPC: 'the disk is full. Make room, or name another place.',
  EROFS: 'the file system is read-only. Name another place.',
};

/** Writes one file, relative to `directory`. Throws `UsageError` with what to do. */
export async function writeText(file: string, directory: string, text: string): Promise<void> {
  await explained(file, () => writeFile(resolve(directory, file), text));
}

/** Writes files into a folder, which is made. Returns their paths. */
export async function writeTexts(
  folder: string,
  directory: string,
  files: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  await explained(folder, () => mkdir(resolve(directory, folder), { recursive: true }));
  const paths: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await writeText(path, directory, text);
    paths.push(path);
  }
  return paths;
}

async function explained(path: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw new UsageError(`cannot write "${path}": ${remedies[code] ?? message}`, { cause });
  }
}
