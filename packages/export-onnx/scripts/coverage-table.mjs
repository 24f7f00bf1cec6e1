// @ts-check
// Writes the list of layer classes in README.md from the converter table, and LAYERS.md from that table and test/golden/coverage.json, which
// `npm run test:long` wrote; with --check, fails where the pages differ, or where the long run is not of the classes that there are.
import { readFileSync, writeFileSync } from 'node:fs';
import { families } from '../dist/layers/index.js';
import { refusedClasses } from '../dist/layers-model/refused-classes.js';

const page = new URL('../README.md', import.meta.url);
const layersPage = new URL('../LAYERS.md', import.meta.url);
const [begin, end] = ['<!-- coverage -->', '<!-- /coverage -->'];
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
const [before, rest = ''] = text.split(begin);
const after = rest.split(end)[1] ?? '';
write(page, 'README.md', `${before}${begin}\n\n${list}\n\n${end}${after}`);
write(layersPage, 'LAYERS.md', layers());

function layers() {
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
  return `# Layers that were tried

What \`npm run test:long\` printed: for each class, generated configurations that tfjs 4.22 itself builds and runs, exported and run on
onnxruntime 1.30, with its optimizations off and all on, and with strict shape inference. A class of few options repeats itself, with
other weights: "different" counts what differs. The cpu backend of tfjs says what is right.

Each configuration sees values around zero in batches of 1 and 3, zeros, a constant, denormals, values up to 2e3 and up to 1e6; indices
see 0 and the largest; masks are random, all and none. Weights are up to 0.7, less where more than 16 products are summed (of ConvLSTM2D
0.5, else a linear activation lets its state grow). Neighbours given to LayerNormalization lie apart: rows of nearly equal values are
divided by what rounding leaves of them, and have a bound and a test of their own. The largest difference is that on values around zero.
The gate is 1e-6 + 1e-5 · |value| for every class, on large values as \`checkParity\` widens it; its share counts all inputs.

${table}`;
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
 * @param {URL} file
 * @param {string} name
 * @param {string} content
 */
function write(file, name, content) {
  if (!process.argv.includes('--check')) writeFileSync(file, content);
  else if (readFileSync(file, 'utf8') !== content)
    fail(
      `packages/export-onnx/${name} does not show the converter table. Run node packages/export-onnx/scripts/coverage-table.mjs.`,
    );
}

/** @param {string} message */
function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
