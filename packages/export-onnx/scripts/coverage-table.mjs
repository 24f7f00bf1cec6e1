// @ts-check
// Writes the list of layer classes in README.md from the converter table; with --check, fails where they differ.
import { readFileSync, writeFileSync } from 'node:fs';
import { families } from '../dist/converters/index.js';
import { refusedClasses } from '../dist/convert/refused-classes.js';

const page = new URL('../README.md', import.meta.url);
const [begin, end] = ['<!-- coverage -->', '<!-- /coverage -->'];

const rows = Object.entries(families).map(
  ([family, converters]) => `- ${family}: ${Object.keys(converters).sort().join(', ')}`,
);
const refusedNames = Object.keys(refusedClasses).sort().join(', ');
const list = [...rows, `- refused by name: ${refusedNames}`].join('\n');
const text = readFileSync(page, 'utf8');
const [before, rest = ''] = text.split(begin);
const after = rest.split(end)[1] ?? '';
const next = `${before}${begin}\n\n${list}\n\n${end}${after}`;

if (!process.argv.includes('--check')) writeFileSync(page, next);
else if (next !== text) {
  console.error(
    'packages/export-onnx/README.md does not show the converter table. Run node packages/export-onnx/scripts/coverage-table.mjs.',
  );
  process.exitCode = 1;
}
