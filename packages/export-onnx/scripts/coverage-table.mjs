// @ts-check
// Writes both tables of LAYERS.md: the classes from the converter table, what was tried from test/golden/coverage.json, which
// `npm run test:long` wrote; with --check, fails where the page differs, or where the long run is not of the classes that there are.
import { readFileSync, writeFileSync } from 'node:fs';
import { families } from '../dist/layers/index.js';
import { refusedClasses } from '../dist/layers-model/refused-classes.js';

const page = new URL('../LAYERS.md', import.meta.url);
const WANTED = 1000;

/** @type {Record<string, { ran: number, distinct: number, refused: number, largestDifference: number, largestShare: number }>} */
const coverage = JSON.parse(
  readFileSync(new URL('../test/golden/coverage.json', import.meta.url), 'utf8'),
);
const classes = Object.values(families).flatMap((converters) => Object.keys(converters));
const problems = [
  ...classes.filter((name) => !(name in coverage)).map((name) => `${name} is not in it`),
  ...Object.keys(coverage)
    .filter((name) => !classes.includes(name))
    .map((name) => `${name} has no converter`),
  ...Object.entries(coverage)
    .filter(([, { ran, largestShare }]) => ran < WANTED || largestShare > 1)
    .map(([name]) => `${name} ran fewer than ${WANTED} times or is outside the gate`),
];
if (problems.length > 0)
  fail(`test/golden/coverage.json: ${problems.join('; ')}. Run npm run test:long.`);

const rows = Object.entries(families).map(
  ([family, converters]) => `- ${family}: ${Object.keys(converters).sort().join(', ')}`,
);
const refusedNames = Object.keys(refusedClasses).sort().join(', ');
const list = [...rows, `- refused by name: ${refusedNames}`].join('\n');
const text = readFileSync(page, 'utf8');
write(between(between(text, 'classes', list), 'tried', tried()));

function tried() {
  const cells = Object.entries(families).flatMap(([family, converters]) =>
    Object.keys(converters)
      .sort()
      .filter((name) => name in coverage)
      .map((name) => {
        const { ran, distinct, refused, largestDifference, largestShare } = coverage[name];
        return [
          name,
          family,
          ran.toLocaleString('en-US'),
          distinct.toLocaleString('en-US'),
          refused.toLocaleString('en-US'),
          largestDifference === 0 ? '0' : largestDifference.toExponential(1),
          largestShare.toFixed(2),
        ];
      }),
  );
  const head = ['class', 'family', 'ran', 'different', 'refused by tfjs', 'largest difference'];
  const table = aligned([[...head, 'of the gate'], ...cells]);
  return table.trimEnd();
}

/** @param {readonly (readonly string[])[]} lines */
function aligned([head, ...body]) {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...body].map((line) => line[column].length)),
  );
  const line = (/** @type {readonly string[]} */ values) =>
    `| ${values.map((value, column) => (column < 2 ? value.padEnd(widths[column]) : value.padStart(widths[column]))).join(' | ')} |\n`;
  const rule = widths.map((width, column) =>
    column < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [head, rule, ...body].map(line).join('');
}

/**
 * The text with other content between the two comments of that name.
 * @param {string} text
 * @param {string} name
 * @param {string} content
 */
function between(text, name, content) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, rest = ''] = text.split(begin);
  return `${before}${begin}\n\n${content}\n\n${end}${rest.split(end)[1] ?? ''}`;
}

/** @param {string} content */
function write(content) {
  if (!process.argv.includes('--check')) writeFileSync(page, content);
  else if (text !== content)
    fail(
      'packages/export-onnx/LAYERS.md does not show the converter table. Run node packages/export-onnx/scripts/coverage-table.mjs.',
    );
}

/** @param {string} message */
function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
