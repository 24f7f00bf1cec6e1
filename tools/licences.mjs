// @ts-check
// `npm run licences`: the licence of every package that our published packages bring along, from the lockfile.
// `npm sbom --omit dev --sbom-format cyclonedx` writes the same as a software bill of materials.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Licences that MIT software may depend on without further duties than naming them. */
const allowed = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
];

/**
 * Packages of other people by licence, development tools left out.
 *
 * @param {{ packages: Record<string, { version?: string, license?: string, dev?: boolean, link?: boolean }> }} lock
 * @returns {Record<string, string[]>}
 */
export function licences(lock) {
  /** @type {Record<string, string[]>} */
  const found = {};
  for (const [path, { version, license = 'unknown', dev, link }] of Object.entries(lock.packages)) {
    if (!path.includes('node_modules/') || dev === true || link === true) continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    (found[license] ??= []).push(`${name}@${version}`);
  }
  return found;
}

/**
 * Licences of the list that are not allowed. `(A OR B)` is, where one of the two is.
 *
 * @param {Record<string, string[]>} found
 */
export function notAllowed(found) {
  return Object.keys(found).filter((licence) => {
    const choices = licence.replace(/[()]/g, '').split(' OR ');
    return !choices.some((choice) => choice.split(' AND ').every((part) => allowed.includes(part)));
  });
}

function main() {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const found = licences(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  for (const [licence, names] of Object.entries(found).sort(([, a], [, b]) => b.length - a.length))
    console.log(`${licence} (${names.length}): ${[...new Set(names)].sort().join(', ')}\n`);
  const wrong = notAllowed(found);
  if (wrong.length > 0) console.error(`Not allowed: ${wrong.join(', ')}`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
