// @ts-check
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ort from 'onnxruntime-node';
import { sideBySide } from './side-by-side.mjs';

/*
 * The same architectures with the same weights, exported by this repository, by tf2onnx from Keras and by PyTorch, on the same
 * onnxruntime: milliseconds of one run, one thread. The files come from `npm run conformance long onnx-peers`.
 * `node benchmarks/export-onnx.mjs [NAME …]`; BATCH (default 8) rows, ROUNDS (default 61) interleaved rounds. CLOCK=cpu counts
 * processor time instead of wall time: for a shared machine.
 */
const folder = new URL('../conformance/.cache/onnx-peers/', import.meta.url);
const batch = Number(process.env.BATCH ?? 8);
const rounds = Number(process.env.ROUNDS ?? 61);
const countsProcessor = process.env.CLOCK === 'cpu';
const TARGET = 1.03;
/** A measured unit lasts about this long, so that the clock and the collector do not count. */
const UNIT_MS = 20;

if (!existsSync(folder))
  throw new Error(`${fileURLToPath(folder)} is missing. Run: npm run conformance long onnx-peers`);

const chosen = process.argv.slice(2);
const verdicts = [];
for (const name of ['mlp', 'cnn', 'resnet20', 'mobile', 'bilstm']) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const files = readdirSync(folder).filter(
    (file) => file.startsWith(`${name}-`) && file.endsWith('.onnx'),
  );
  if (!files.some((file) => file.includes('-torch')))
    throw new Error('The peers are missing. Run: npm run conformance long onnx-peers');
  const runs = await Promise.all(files.map((file) => load(file)));
  // All do as many runs in a measured unit as the slowest needs for its time; the first runs of a session are slow.
  const times = [];
  for (const run of runs) {
    await timeOf(run, 10);
    times.push((await timeOf(run, 10)) / 10);
  }
  const count = Math.max(1, Math.round(UNIT_MS / Math.max(...times)));
  const rows = await sideBySide({
    title: `${name}, ${batch} rows: ms for ${count} runs`,
    contenders: files.map((file, index) => ({
      name: file.slice(name.length + 1, -'.onnx'.length),
      run: () => timeOf(runs[index], count),
    })),
    rounds,
    warmup: 3,
    threads: 1,
    packages: ['onnxruntime-node'],
  });
  verdicts.push(await verdict(name, files, runs, count, rows));
}
console.log(`\nOurs to the fastest of the others (target ${TARGET}):\n${verdicts.join('\n')}`);

/** @param {string} file */
async function load(file) {
  const session = await ort.InferenceSession.create(readFileSync(new URL(file, folder)), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const [{ name, type, shape }] = /** @type {any[]} */ (session.inputMetadata);
  const dims = [batch, ...shape.slice(1)];
  const length = dims.reduce((product, side) => product * side, 1);
  const isIndex = file.startsWith('bilstm');
  const values = Array.from({ length }, (_, index) => {
    const spread = (index * 0.618034) % 1;
    return isIndex ? Math.floor(spread * 1000) : spread * 2 - 1;
  });
  const data =
    type === 'int64' ? BigInt64Array.from(values.map(BigInt)) : Float32Array.from(values);
  const feeds = { [name]: new ort.Tensor(type, data, dims) };
  return () => session.run(feeds);
}

/**
 * @param {() => Promise<unknown>} run
 * @param {number} count
 * @returns {Promise<number>} milliseconds of `count` runs
 */
async function timeOf(run, count) {
  const start = now();
  for (let index = 0; index < count; index++) await run();
  return now() - start;
}

function now() {
  if (!countsProcessor) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Ours is the export of the layout that the fastest peer takes; the two are measured against each other once more.
 *
 * @param {string} name
 * @param {readonly string[]} files
 * @param {readonly (() => Promise<unknown>)[]} runs
 * @param {number} count
 * @param {readonly { name: string, median: number }[]} rows
 */
async function verdict(name, files, runs, count, rows) {
  const indexed = rows.map((row, index) => ({ ...row, index }));
  const [other] = indexed
    .filter((row) => !row.name.startsWith('ours'))
    .sort((a, b) => a.median - b.median);
  const isNchw = files.includes(`${name}-ours-nchw.onnx`) && other.name !== 'tf2onnx';
  const ours = indexed.find((row) => row.name === (isNchw ? 'ours-nchw' : 'ours'));
  const [, row] = await sideBySide({
    title: `${name}: ${ours.name} to ${other.name}`,
    contenders: [other, ours].map((contender) => ({
      name: contender.name,
      run: () => timeOf(runs[contender.index], count),
    })),
    rounds,
    warmup: 3,
    threads: 1,
  });
  const word = row.ratio <= TARGET ? 'met' : 'MISSED';
  return `${name}: ${ours.name} / ${other.name} = ${row.ratio.toFixed(3)} (${row.low.toFixed(3)} to ${row.high.toFixed(3)}), ${word}`;
}
