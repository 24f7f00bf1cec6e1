// @ts-check
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { repoLinks } from './repo-links.mjs';

const file = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** @type {(text: string, link: string) => { text: string, link: string }[]} A page of the sidebar, where it exists. */
const page = (text, link) =>
  existsSync(file(`..${link.endsWith('/') ? `${link}index` : link}.md`)) ? [{ text, link }] : [];

export default defineConfig({
  title: 'Snapshot Ensemble',
  description: 'Train one network, get an ensemble: schedules, TensorFlow.js, ONNX, serving.',
  cleanUrls: true,
  // Everything comes from this folder: no fonts, analytics or search service of others.
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Guides', link: '/guides/tfjs' },
      { text: 'Evidence', link: '/evidence' },
      { text: 'Reference', link: '/reference/' },
    ],
    sidebar: [
      {
        text: 'Begin',
        items: [
          ...page('Five minutes', '/start'),
          ...page('Concepts', '/concepts'),
          ...page('When not to use it', '/when-not'),
        ],
      },
      {
        text: 'Guides',
        items: [
          ...page('Only the schedules', '/guides/schedules'),
          ...page('TensorFlow.js', '/guides/tfjs'),
          ...page('Deployment', '/guides/deployment'),
          ...page('Planning a deployment', '/planning'),
          ...page('From the Python library', '/from-the-python-library'),
          ...page('Recipes', '/recipes'),
        ],
      },
      {
        text: 'Evidence',
        items: [
          ...page('When it pays', '/evidence'),
          ...page('Measurements', '/measurements'),
          ...page('Layers in ONNX', '/tables/layers'),
          ...page('Ensembles in ONNX', '/tables/ensembles'),
          ...page('Your own layers', '/tables/converters'),
          ...page('Training on WASM', '/tables/training'),
        ],
      },
      {
        text: 'Inside',
        items: [
          ...page('How it works', '/inside/'),
          ...page('Floor 0: pure functions', '/inside/floor-0'),
          ...page('Floor 1: data', '/inside/floor-1'),
          ...page('Floor 2: the doors', '/inside/floor-2'),
          ...page('Floor 3: server, report', '/inside/floor-3'),
          ...page('Floor 4: command line', '/inside/floor-4'),
          ...page('Reference', '/reference/'),
        ],
      },
    ],
  },
  markdown: { config: repoLinks },
  // Curly braces in generated pages are TypeScript, not templates.
  vite: {
    resolve: {
      alias: ['schedules', 'ensemble-math'].map((name) => ({
        find: new RegExp(`^@snapshot-ensemble/${name}$`),
        replacement: file(`../../packages/${name}/src/index.ts`),
      })),
    },
    server: { fs: { allow: [file('../..')] } },
  },
});
