// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaces } from './workspaces.mjs';

/** @typedef {{ page: string, line: number, language: string, code: string }} CodeBlock */

/**
 * The fenced code blocks of a Markdown page.
 *
 * @param {string} page Name for messages.
 * @param {string} markdown
 * @returns {CodeBlock[]}
 */
export function codeBlocks(page, markdown) {
  const blocks = [];
  /** @type {CodeBlock | undefined} */
  let open;
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^```(\w*)\s*$/.exec(line);
    if (fence === null) {
      if (open !== undefined) open.code += `${line}\n`;
    } else if (open === undefined) {
      open = { page, line: index + 2, language: fence[1], code: '' };
    } else {
      blocks.push(open);
      open = undefined;
    }
  }
  if (open !== undefined)
    throw new Error(`${page}: the code block of line ${open.line} has no end.`);
  return blocks;
}

/**
 * The blocks of the root README, of the site's pages, of every package's README, and of its page about converters where it has one.
 *
 * @param {string} root
 */
export function readmeBlocks(root) {
  const pages = [
    'README.md',
    ...sitePages(root),
    ...workspaces(root).flatMap(({ folder }) =>
      ['README.md', 'CONVERTERS.md'].map((page) => `${folder}/${page}`),
    ),
  ];
  return pages
    .filter((page) => existsSync(join(root, page)))
    .flatMap((page) => codeBlocks(page, readFileSync(join(root, page), 'utf8')));
}

/**
 * Pages that are written by hand, relative to the root.
 *
 * @param {string} root
 * @returns {string[]}
 */
function sitePages(root) {
  return ['docs', 'docs/guides', 'docs/inside'].flatMap((folder) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder))
          .filter((name) => name.endsWith('.md'))
          .map((name) => `${folder}/${name}`)
      : [],
  );
}
