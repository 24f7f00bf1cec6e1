import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** An npm package as it is installed. */
export interface InstalledPackage {
  readonly folder: string;
  readonly version: string;
}

/** The package that an import from this file or folder would find; undefined where there is none. */
export async function findPackage(
  name: string,
  from: string,
): Promise<InstalledPackage | undefined> {
  // A package may hide its package.json from `require`, so look where Node looks.
  const folders = createRequire(from).resolve.paths(name) ?? [];
  const folder = folders
    .map((place) => join(place, name))
    .find((place) => existsSync(join(place, 'package.json')));
  if (folder === undefined) return undefined;
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return { folder, version };
}

/** Path inside a project folder from which `findPackage` looks. */
export function inProject(directory: string): string {
  return join(directory, 'package.json');
}
