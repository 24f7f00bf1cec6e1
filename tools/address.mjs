// @ts-check
// Where the source lives is written once: "repository" of the root package.json. A release fills it in everywhere npm's pages need it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The address in the root package.json, such as `https://github.com/owner/name`, or undefined where none is set.
 *
 * @param {string} root
 * @returns {string | undefined}
 */
export function addressOf(root) {
  const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return (repository?.url ?? repository)?.replace(/^git\+|\.git$/g, '');
}

/**
 * The fields of a package.json that say where the source of a package lies.
 *
 * @param {string} address
 * @param {string} folder relative to the repository
 */
export const addressFields = (address, folder) => ({
  repository: { type: 'git', url: `git+${address}.git`, directory: folder },
  homepage: `${address}/tree/HEAD/${folder}#readme`,
  bugs: { url: `${address}/issues` },
});

/**
 * The page with links and pictures that also work outside of the repository.
 *
 * @param {string} page
 * @param {string} address
 * @param {string} folder relative to the repository
 */
export function absoluteLinks(page, address, folder) {
  const from = new URL(`https://repository/${folder}/`);
  let isCode = false;
  const lines = page.split('\n').map((line) => {
    if (line.startsWith('```')) isCode = !isCode;
    if (isCode) return line;
    return line.replace(
      /(!?)(\[(?:[^[\]]|\[[^\]]*\])*\])\(([^)\s]+)\)/g,
      (whole, mark, text, link) => {
        if (/^([a-z]+:|#)/.test(link)) return whole;
        const { pathname, hash } = new URL(link, from);
        return `${mark}${text}(${address}/${mark ? 'raw' : 'blob'}/HEAD${pathname}${hash})`;
      },
    );
  });
  return lines.join('\n');
}

/**
 * The page without the line that says that nothing is on npm yet.
 *
 * @param {string} page
 */
export const published = (page) => page.replace(/^Not on npm yet: .*\n\n/gm, '');

/**
 * Fills in the address in the package.json and the README of each folder, and returns what puts both back.
 *
 * @param {string} root
 * @param {string} address
 * @param {readonly string[]} folders
 */
export function fillIn(root, address, folders) {
  /** @type {[string, string][]} */
  const originals = [];
  /** @param {string} file @param {(text: string) => string} change */
  const rewrite = (file, change) => {
    if (!existsSync(file)) return;
    const text = readFileSync(file, 'utf8');
    originals.push([file, text]);
    writeFileSync(file, change(text));
  };
  for (const folder of folders) {
    rewrite(join(root, folder, 'package.json'), (text) => {
      const json = { ...JSON.parse(text), ...addressFields(address, folder) };
      return `${JSON.stringify(json, null, 2)}\n`;
    });
    rewrite(join(root, folder, 'README.md'), (text) =>
      absoluteLinks(published(text), address, folder),
    );
  }
  return () => {
    for (const [file, text] of originals) writeFileSync(file, text);
  };
}
