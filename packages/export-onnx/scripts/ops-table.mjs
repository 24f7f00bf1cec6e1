// @ts-check
// Writes OPS.md from the operation table and test/golden/op-coverage.json, which `npm run test:long` wrote; with --check, fails where the
// page differs, or where the long run is not of the operations that there are.
import { readFileSync, writeFileSync } from 'node:fs';
import { opFamilies } from '../dist/graph-model/ops/index.js';
import { refusedOps } from '../dist/graph-model/ops/refused.js';

const page = new URL('../OPS.md', import.meta.url);
const WANTED = 100;

/** @type {Record<string, { ran: number, distinct: number, refused: number, largestDifference: number, largestShare: number, becomes: readonly string[] }>} */
const coverage = JSON.parse(
  readFileSync(new URL('../test/golden/op-coverage.json', import.meta.url), 'utf8'),
);
/** Tried by tests of their own: what each becomes, and how it was tried. */
const apart = {
  If: ['If', 'both branches'],
  Multinomial: ['Multinomial', 'shape and range'],
  Print: ['nothing', 'tfjs disposes of it'],
  RandomStandardNormal: ['RandomNormalLike', 'shape and range'],
  RandomUniform: ['RandomUniformLike', 'shape and range'],
  RandomUniformInt: ['RandomUniformLike, Floor, Cast', 'shape and range'],
  StatelessIf: ['If', 'both branches'],
  StatelessWhile: ['Loop', '0 to 5 rounds'],
  While: ['Loop', '0 to 5 rounds'],
};
const ops = Object.values(opFamilies).flatMap((converters) => Object.keys(converters));
const problems = [
  ...ops.filter((op) => !(op in coverage) && !(op in apart)).map((op) => `${op} is not in it`),
  ...Object.entries(coverage)
    .filter(([, { ran, largestShare }]) => ran < WANTED || largestShare > 1)
    .map(([op]) => `${op} ran fewer than ${WANTED} times or is outside the gate`),
];
if (problems.length > 0)
  fail(`test/golden/op-coverage.json: ${problems.join('; ')}. Run npm run test:long.`);

const head = [
  'operation',
  'kind',
  'becomes',
  'ran',
  'different',
  'refused by tfjs',
  'largest difference',
  'of the gate',
];
const rows = Object.entries(opFamilies).flatMap(([family, converters]) =>
  Object.keys(converters)
    .sort()
    .map((op) => {
      if (!(op in coverage)) {
        const [becomes, tried] = apart[/** @type {keyof typeof apart} */ (op)] ?? ['', ''];
        return [op, family, becomes, tried, '', '', '', ''];
      }
      const { ran, distinct, refused, largestDifference, largestShare, becomes } = coverage[op];
      const difference = largestDifference === 0 ? '0' : largestDifference.toExponential(1);
      return [
        op,
        family,
        becomes.join(', ') || 'nothing',
        `${ran}`,
        `${distinct}`,
        `${refused}`,
        difference,
        largestShare.toFixed(2),
      ];
    }),
);
/** @type {Map<string, string[]>} */
const reasons = new Map();
for (const [op, [reason]] of Object.entries(refusedOps))
  reasons.set(reason, [...(reasons.get(reason) ?? []), op]);
const refused = [...reasons]
  .map(([reason, names]) => `- ${reason}: ${names.join(', ')}`)
  .join('\n');
const text = `# Operations of graph models

${ops.length} TensorFlow operations become ONNX. \`npm run test:long\` runs generated nodes of each, which tfjs 4.22 itself builds and runs,
exported and run on onnxruntime 1.30, with its optimizations off and all on, and with strict shape inference. The cpu backend of tfjs
says what is right. Inputs are fed or constants, exact or with an open batch, stored as they are or channels first. The gate is 1e-6 +
1e-5 · |value|, as for layers. What an operation becomes are the operators of all its nodes, the most frequent first: not each node needs
all of them, and none where everything is known before the run.

${aligned([head, ...rows])}
## Refused by name

${refused}

Of the others, a node is refused where tfjs silently computes something else than TensorFlow: pools, batch normalization and biases with
data_format NCHW, FusedBatchNorm that computes its own mean (tf.keras makes it of LayerNormalization), Select by a vector,
StridedSlice that takes single places and strides at once.
`;
if (!process.argv.includes('--check')) writeFileSync(page, text);
else if (readFileSync(page, 'utf8') !== text)
  fail(
    'packages/export-onnx/OPS.md does not show the operation table. Run node packages/export-onnx/scripts/ops-table.mjs.',
  );

/** @param {readonly (readonly string[])[]} lines */
function aligned([first, ...body]) {
  const widths = first.map((_, column) =>
    Math.max(3, ...[first, ...body].map((line) => line[column].length)),
  );
  const line = (/** @type {readonly string[]} */ values) =>
    `| ${values.map((value, column) => (column < 3 ? value.padEnd(widths[column]) : value.padStart(widths[column]))).join(' | ')} |\n`;
  const rule = widths.map((width, column) =>
    column < 3 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [first, rule, ...body].map(line).join('');
}

/** @param {string} message */
function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
