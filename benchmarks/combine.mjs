// @ts-check
// How fast 10 members × 10,000 rows × 1,000 classes become one, beside numpy on one thread.
//   npm run build && node benchmarks/combine.mjs [python with numpy]
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { combine } from '@snapshot-ensemble/ensemble-math';
import { sideBySide } from './side-by-side.mjs';

const [members, rows, classes] = [10, 10_000, 1_000];
const bytes = members * rows * classes * Float32Array.BYTES_PER_ELEMENT;
const python = process.argv[2] ?? 'conformance/.venv-metrics/bin/python';

const predictions = {
  members: Array.from({ length: members }, (_, m) =>
    new Float32Array(rows * classes).map((_, i) => (1 + ((i + m) % 2) / 2) / (1.25 * classes)),
  ),
  rows,
  classes,
};
const into = new Float32Array(rows * classes);

// Milliseconds of processor time that numpy takes for its own work; the pipe is not counted.
const numpy = spawn(
  python,
  [
    '-c',
    `
import sys, time, numpy
m = [numpy.fromiter(((1 + ((i + k) % 2) / 2) / (1.25 * ${classes}) for i in range(2)), numpy.float32) for k in range(${members})]
m = numpy.stack([numpy.tile(v, ${(rows * classes) / 2}) for v in m]).reshape(${members}, ${rows}, ${classes})
w = numpy.full(${members}, 1 / ${members}, numpy.float32)
runs = {
  'mean': lambda: m.mean(axis=0),
  'mean64': lambda: m.mean(axis=0, dtype=numpy.float64),
  'average': lambda: numpy.average(m, axis=0, weights=w),
}
print(numpy.__version__, flush=True)
for line in sys.stdin:
  start = time.process_time()
  runs[line.strip()]()
  print((time.process_time() - start) * 1000, flush=True)
`,
  ],
  {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
  },
);
numpy.on('error', () => {
  console.error(`${python} is missing: npm run conformance quick metrics makes it.`);
  process.exit(1);
});
const lines = createInterface({ input: numpy.stdout })[Symbol.asyncIterator]();
const version = (await lines.next()).value;
/** @param {string} name */
const ask = (name) => async () => {
  numpy.stdin.write(`${name}\n`);
  return Number((await lines.next()).value);
};

// Nothing is faster than reading every value once.
let sink = 0;
const read = () => {
  for (const values of predictions.members) {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i];
    sink += sum;
  }
};

/**
 * Processor time of this process: on one thread what a clock says on a quiet machine, and on a busy one much nearer to it.
 *
 * @param {() => unknown} work
 */
const timed = (work) => () => {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
};

const results = await sideBySide({
  title: `Mean of ${members} members × ${rows} rows × ${classes} classes, float32 (${bytes / 1e6} MB), processor time`,
  threads: 1,
  contenders: [
    {
      name: 'combine, meanProbabilities',
      run: timed(() => combine(predictions, 'meanProbabilities', { kind: 'probabilities', into })),
    },
    {
      name: 'combine, into a new Float64Array',
      run: timed(() => combine(predictions, 'meanProbabilities')),
    },
    { name: 'the ideal: a sum of every value', run: timed(read) },
    { name: `numpy ${version} mean, float32 sums`, run: ask('mean') },
    { name: `numpy ${version} mean, float64 sums`, run: ask('mean64') },
    { name: `numpy ${version} average, weighted`, run: ask('average') },
  ],
});
numpy.stdin.end();
console.log();
for (const { name, median } of results)
  console.log(`${name}: ${(bytes / median / 1e6).toFixed(2)} GB/s`);
if (!Number.isFinite(sink)) process.exitCode = 1;
