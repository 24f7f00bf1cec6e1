// @ts-check
// Pages of the repo that the site shows under another address; other files of the repo are no pages, so links to them lose their address.
import { posix } from 'node:path';

/** @type {Readonly<Record<string, string>>} */
const pages = {
  'README.md': '/',
  'benchmarks/results/README.md': '/measurements',
  'packages/export-onnx/LAYERS.md': '/tables/layers',
  'packages/export-onnx/ENSEMBLES.md': '/tables/ensembles',
  'packages/export-onnx/CONVERTERS.md': '/tables/converters',
  'packages/tfjs-wasm-training/LAYERS.md': '/tables/training',
};

/** Where a page of the site has its text from. */
const sources = Object.fromEntries(
  Object.entries(pages)
    .filter(([source]) => source !== 'README.md')
    .map(([source, page]) => [`${page.slice(1)}.md`, source]),
);

/** @param {any} md The markdown-it of VitePress. */
export function repoLinks(md) {
  md.core.ruler.push('repo-links', (/** @type {any} */ state) => {
    const page = String(state.env.relativePath ?? '');
    const source = sources[page] ?? `docs/${page}`;
    for (const block of state.tokens)
      if (block.type === 'inline') rewrite(block.children, posix.dirname(source), page in sources);
  });
}

/**
 * @param {any[]} tokens
 * @param {string} folder Of the file in the repo.
 * @param {boolean} isIncluded Whether the text is not the page's own.
 */
function rewrite(tokens, folder, isIncluded) {
  let isDropped = false;
  for (const token of tokens) {
    if (token.type === 'image' && isIncluded) {
      const target = posix.join(folder, String(token.attrGet('src')));
      token.attrSet('src', posix.relative('docs', target));
      continue;
    }
    if (token.type === 'link_close') {
      if (isDropped) token.tag = 'span';
      isDropped = false;
      continue;
    }
    if (token.type !== 'link_open') continue;
    const [path, anchor] = String(token.attrGet('href')).split('#');
    if (path === '' || /^(\w+:|\/)/.test(path)) continue;
    const target = posix.normalize(posix.join(folder, path));
    const place = target in pages ? pages[target] : undefined;
    if (place !== undefined)
      token.attrSet('href', anchor === undefined ? place : `${place}#${anchor}`);
    else if (isIncluded || !target.startsWith('docs/')) {
      isDropped = true;
      token.tag = 'span';
      token.attrs = [];
    }
  }
}
