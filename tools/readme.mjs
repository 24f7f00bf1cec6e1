// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
  return pagesWithPrograms(root).flatMap((page) =>
    codeBlocks(page, readFileSync(join(root, page), 'utf8')),
  );
}

/**
 * The pages that `readmeBlocks` reads.
 *
 * @param {string} root
 */
export function pagesWithPrograms(root) {
  return [
    'README.md',
    ...sitePages(root),
    ...workspaces(root).flatMap(({ folder }) =>
      ['README.md', 'CONVERTERS.md'].map((page) => `${folder}/${page}`),
    ),
  ].filter((page) => existsSync(join(root, page)));
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

/**
 * What the programs of a page import, those that it includes (`<<< path`) among them, and what its `npm install` lines name.
 *
 * @param {string} root
 * @param {string} page Relative to the root.
 */
export function importsAndInstalls(root, page) {
  const markdown = readFileSync(join(root, page), 'utf8');
  const programs = [
    ...codeBlocks(page, markdown)
      .filter(({ language }) => ['ts', 'js'].includes(language))
      .map(({ code }) => code),
    ...[...markdown.matchAll(/^<<< (\S+)$/gm)].map(([, path]) =>
      readFileSync(join(root, dirname(page), path), 'utf8'),
    ),
  ];
  const name = /^(@[\w-]+\/)?[\w-]+/;
  const imports = programs
    .flatMap((code) => [...code.matchAll(/(?:from|import) '([^'.][^']*)'/g)])
    .filter(([, specifier]) => !specifier.startsWith('node:'))
    .map(([, specifier]) => name.exec(specifier)?.[0] ?? specifier);
  const installs = [...markdown.matchAll(/npm install ([^`\n]*)/g)]
    .flatMap(([, names]) => names.split(' '))
    .map((word) => name.exec(word)?.[0] ?? word);
  return { imports: new Set(imports), installs: new Set(installs) };
}
