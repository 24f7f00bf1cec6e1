import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import vue from 'eslint-plugin-vue';
import tseslint from 'typescript-eslint';

const floors = [0, 1, 2, 3, 4].map((floor) => ({
  sourceTag: `floor:${floor}`,
  onlyDependOnLibsWithTags: Array.from({ length: floor }, (_, below) => `floor:${below}`),
}));

/** Globals of `lib.webworker` that Node 20 lacks or that a library must not touch. */
const notShared = [
  'caches',
  'console',
  'importScripts',
  'indexedDB',
  'localStorage',
  'location',
  'OffscreenCanvas',
  'onmessage',
  'postMessage',
  'self',
  'WebSocket',
  'Worker',
  'XMLHttpRequest',
];

// The house of export-onnx, from the ground up: a folder imports itself, those before it, and errors.ts.
const exportOnnxFolders = [
  'onnx',
  'graph',
  'optimize',
  'artifacts',
  'graph-model',
  'keras',
  'layers',
  'layers-model',
  'parity',
];
const exportOnnxHouse = exportOnnxFolders.flatMap((folder, index) =>
  ['*.ts', '*/**/*.ts'].map((files, depth) => ({
    files: [`packages/export-onnx/src/${folder}/${files}`],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^(\\.\\./)+(${[...exportOnnxFolders.slice(index + 1), 'ensemble'].join('|')})/`,
              message: `${folder}/ stands below it: see the map in packages/export-onnx/README.md.`,
            },
            {
              regex: `^(\\.\\./){${depth + 1}}(?!errors\\.ts)[^/.][^/]*\\.ts$`,
              message: 'Files beside the folders stand above them.',
            },
          ],
        },
      ],
    },
  })),
);

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '**/.venv*/**', '**/golden/**', '**/out/**'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: true,
      },
    },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          banTransitiveDependencies: true,
          allow: [],
          depConstraints: [
            ...floors,
            { sourceTag: 'profile:pure', onlyDependOnLibsWithTags: ['profile:pure'] },
            { sourceTag: 'profile:web', onlyDependOnLibsWithTags: ['profile:pure', 'profile:web'] },
            { sourceTag: 'profile:node', onlyDependOnLibsWithTags: ['*'] },
            { sourceTag: 'floor:tool', onlyDependOnLibsWithTags: [] },
            { sourceTag: 'floor:app', onlyDependOnLibsWithTags: ['*'] },
          ],
        },
      ],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'func-style': 'off',
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Name what is exported.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
      ],
    },
  },
  {
    files: [
      'packages/{bytes,snapshot-core,ensemble-bundle,adapter-tfjs,tfjs-wasm-training,export-onnx}/src/**/*.ts',
    ],
    ignores: ['**/*.test.ts', '**/src/indexeddb/**', '**/src/node/**'],
    rules: { 'no-restricted-globals': ['error', ...notShared] },
  },
  {
    // A command line and an example talk to people.
    files: ['packages/cli/**/*.ts', 'examples/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.test.ts', '**/*.test-d.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  ...exportOnnxHouse,
  {
    // What its tests write, onnx-buf reads.
    files: ['packages/export-onnx/src/**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '/index\\.ts$',
              importNames: ['exportOnnx', 'exportEnsemble'],
              message: 'Take it from test/checked-export.ts.',
            },
          ],
        },
      ],
    },
  },
  {
    // What browsers are given as it is.
    files: ['examples/*/public/*.js'],
    languageOptions: {
      globals: { document: 'readonly', fetch: 'readonly', location: 'readonly', URL: 'readonly' },
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        AbortController: 'readonly',
        Buffer: 'readonly',
        console: 'readonly',
        fetch: 'readonly',
        performance: 'readonly',
        process: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        TextDecoder: 'readonly',
        TextEncoder: 'readonly',
        URL: 'readonly',
      },
    },
  },
  // The live pictures of the docs. Prettier formats them; these rules find mistakes alone.
  ...vue.configs['flat/essential'],
  {
    files: ['docs/.vitepress/theme/*'],
    languageOptions: { globals: { atob: 'readonly' } },
    // A picture is named after what it shows: `Temperature`.
    rules: { 'vue/multi-word-component-names': 'off' },
  },
);
