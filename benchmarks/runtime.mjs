// @ts-check
// What ensemble-runtime costs on top of onnxruntime, what it gives back, and what it survives:
// `npm run build && node benchmarks/runtime.mjs SECTION [NETWORK]`, sections overhead, clients, loop, beside, kills, cores, memory, reloads, soak;
// networks cnn, resnet20, and wide for memory.
// PYTHON=/path/to/python (with onnxruntime 1.30.0) adds Python to `overhead`.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { availableCores, loadEnsemble } from '@snapshot-ensemble/ensemble-runtime';
import * as ort from 'onnxruntime-node';
import { images, makeBundles, MEMBERS } from './runtime-bundles.mjs';
import { processPlace, threadPlace } from './runtime-hops.mjs';
import { killUnderLoad } from './runtime-kills.mjs';
import { cores, memory, reloads } from './runtime-resources.mjs';
import { sideBySide } from './side-by-side.mjs';

const CLASSES = 10;
const threads = availableCores();
const [section = 'overhead', network = 'cnn', amount] = process.argv.slice(2);
const sections = {
  overhead,
  clients,
  loop,
  beside,
  kills,
  soak,
  cores: () => cores(bundles),
  memory: () => memory(bundles),
  reloads: () => reloads(bundles, Number(amount ?? 1000)),
};
const run = sections[/** @type {keyof typeof sections} */ (section)];
if (run === undefined)
  throw new Error(
    `There is no section "${section}". Sections: ${Object.keys(sections).join(', ')}.`,
  );
const bundles = await makeBundles(network);
try {
  await run();
} finally {
  bundles.remove();
}

/** @param {string} file @param {boolean} [spinning] */
function session(file, spinning = false) {
  return ort.InferenceSession.create(readFileSync(file), {
    intraOpNumThreads: threads,
    extra: { session: { intra_op: { allow_spinning: spinning ? '1' : '0' } } },
  });
}

/** @param {ort.InferenceSession} one @param {Float32Array} data */
async function raw(one, data, outputs = [one.outputNames[0]]) {
  const size = bundles.shape.reduce((product, side) => product * side, 1);
  const dims = [data.length / size, ...bundles.shape];
  await one.run({ [one.inputNames[0]]: new ort.Tensor('float32', data, dims) }, outputs);
}

/** @param {number} times @param {() => Promise<unknown>} act Milliseconds each. */
async function each(times, act) {
  const start = performance.now();
  for (let count = 0; count < times; count++) await act();
  return (performance.now() - start) / times;
}

async function python() {
  if (process.env.PYTHON === undefined) return undefined;
  const child = spawn(
    process.env.PYTHON,
    [
      fileURLToPath(new URL('runtime.py', import.meta.url)),
      bundles.graph,
      String(threads),
      bundles.shape.join(),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (/** @type {number} */ rows, /** @type {number} */ times) => {
      child.stdin.write(`${rows} ${times}\n`);
      return Number((await lines.next()).value);
    },
    end: () => child.stdin.end(),
  };
}

/** One request after the other, against one member's session run five times. */
async function overhead() {
  const member = await session(bundles.member);
  const fused = await session(bundles.graph);
  const own = await Promise.all(
    Array.from({ length: MEMBERS }, () =>
      ort.InferenceSession.create(readFileSync(bundles.member)),
    ),
  );
  const there = await python();
  const open = {
    'this thread': await loadEnsemble(bundles.fused, { executor: { ort } }),
    thread: await loadEnsemble(bundles.fused, { executor: 'thread' }),
    process: await loadEnsemble(bundles.fused),
  };
  const setting = { graph: bundles.graph, threads, shape: bundles.shape };
  const places = {
    thread: threadPlace(setting),
    process: processPlace({ ...setting, outputBytes: CLASSES * 4 }),
  };
  const [prediction] = open.process.manifest.outputs;
  const only = { outputs: [prediction.name] };
  for (const rows of [1, 64]) {
    const data = images(bundles.shape, rows);
    const times = rows === 1 ? 200 : network === 'cnn' ? 20 : 4;
    const computing = await medianOf(9, () => raw(fused, data));
    const contenders = [
      {
        name: 'ideal: one member five times',
        act: async (/** @type {Float32Array} */ input) => {
          for (let k = 0; k < MEMBERS; k++) await raw(member, input);
        },
      },
      { name: 'fused graph, bare session', act: (input) => raw(fused, input) },
      ...Object.entries(open).map(([name, ensemble]) => ({
        name: `ensemble-runtime, ${name}`,
        act: (input) => ensemble.predict(input, only),
      })),
      ...Object.entries(places).flatMap(([name, place]) => [
        { name: `bare session in a ${name}`, act: (input) => place.run(input) },
        {
          name: `echo of a ${name} that waits ${computing.toFixed(2)} ms`,
          act: (input) => place.echo(input, rows * CLASSES * 4, computing),
        },
      ]),
      {
        name: 'naive: five sessions, default options',
        act: (input) => Promise.all(own.map((one) => raw(one, input))),
      },
    ];
    if (rows === 1) await warm(contenders);
    const rowsOf = await sideBySide({
      title: `${network}: ms a request of ${rows} row(s), one after the other`,
      threads,
      packages: ['onnxruntime-node'],
      rounds: Number(amount ?? 9),
      contenders: [
        ...contenders.map(({ name, act }) => ({ name, run: () => each(times, () => act(data)) })),
        ...(there === undefined
          ? []
          : [{ name: 'Python onnxruntime, fused graph', run: () => there.ask(rows, times) }]),
      ],
    });
    const [ideal, bare] = rowsOf;
    for (const { name, median: ms } of rowsOf.slice(2, 5))
      console.log(
        `${name}: ${(ideal.median / ms).toFixed(3)} of ideal throughput, ideal + ${Math.round((ms - ideal.median) * 1000)} µs, bare fused session + ${Math.round((ms - bare.median) * 1000)} µs`,
      );
  }
  await Promise.all(Object.values(places).map((place) => place.close()));
  there?.end();
  await Promise.all(Object.values(open).map((ensemble) => ensemble.close()));
}

/**
 * A server has answered thousands of requests before anybody measures it: before that, JavaScript is interpreted and costs several times as much.
 *
 * @param {readonly { act: (input: Float32Array) => Promise<unknown> }[]} contenders
 */
async function warm(contenders) {
  const row = images(bundles.shape, 1);
  for (const { act } of contenders) await each(network === 'cnn' ? 3000 : 600, () => act(row));
}

/** @param {number} times @param {() => Promise<unknown>} act Milliseconds. */
async function medianOf(times, act) {
  const taken = [];
  for (let count = 0; count < times; count++) taken.push(await each(5, act));
  return taken.sort((a, b) => a - b)[times >> 1];
}

/** 64 clients of one row against one. */
async function clients() {
  const data = images(bundles.shape, 1);
  const requests = network === 'cnn' ? 512 : 128;
  for (const executor of /** @type {const} */ (['process', 'thread'])) {
    const ensemble = await loadEnsemble(bundles.fused, { executor });
    const all = async (/** @type {number} */ count) => {
      let left = requests;
      const client = async () => {
        while (left-- > 0) await ensemble.predict(data);
      };
      const start = performance.now();
      await Promise.all(Array.from({ length: count }, client));
      return (performance.now() - start) / requests;
    };
    const [one, many] = await sideBySide({
      title: `${network}, ${executor}: ms a request of 1 row`,
      threads,
      rounds: network === 'cnn' ? 9 : 5,
      contenders: [
        { name: 'one client', run: () => all(1) },
        { name: '64 clients', run: () => all(64) },
      ],
    });
    console.log(`64 clients: ${(one.median / many.median).toFixed(2)} × the rows a second of one`);
    await ensemble.close();
  }
}

/** Event-loop delay while requests of 64 MiB are answered, and of 64 rows. */
async function loop() {
  const size = bundles.shape.reduce((product, side) => product * side, 1) * 4;
  const cases = /** @type {const} */ ([
    ['64 rows', 64, 30],
    ['64 MiB', Math.floor((64 * 2 ** 20) / size), 2],
  ]);
  const delays = async (/** @type {() => Promise<unknown>} */ act) => {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await act();
    delay.disable();
    return `p50 ${(delay.percentile(50) / 1e6).toFixed(2)}, p99.9 ${(delay.percentile(99.9) / 1e6).toFixed(2)}, longest ${(delay.max / 1e6).toFixed(2)} ms`;
  };
  const idle = () => new Promise((resolve) => setTimeout(resolve, 5000));
  console.log(`idle: ${await delays(idle)}`);
  for (const executor of /** @type {const} */ (['process', 'thread'])) {
    const ensemble = await loadEnsemble(bundles.fused, { executor });
    for (const [name, rows, times] of cases) {
      const bytes = new Uint8Array(images(bundles.shape, rows).buffer);
      const inputs = {
        [ensemble.manifest.inputs[0].name]: { bytes, dims: [rows, ...bundles.shape] },
      };
      await ensemble.predict(inputs);
      console.log(
        `${executor}, ${times} × ${name}: ${await delays(() => each(times, () => ensemble.predict(inputs)))}`,
      );
    }
    await ensemble.close();
  }
  console.log(`idle: ${await delays(idle)}`);
}

/** Ten one-row clients while a request of 20,000 rows is answered. */
async function beside() {
  const ensemble = await loadEnsemble(bundles.fused);
  await ensemble.warmUp();
  const one = images(bundles.shape, 1);
  const full = images(bundles.shape, 64);
  const batchMs = await each(20, () => ensemble.predict(full));
  /** @type {number[]} */
  const latencies = [];
  let isDone = false;
  let refused = 0;
  const large = ensemble.predict(images(bundles.shape, 20_000)).finally(() => (isDone = true));
  const client = async () => {
    while (!isDone) {
      const start = performance.now();
      await ensemble.predict(one).catch(() => refused++);
      latencies.push(performance.now() - start);
    }
  };
  await Promise.all([large, ...Array.from({ length: 10 }, client)]);
  latencies.sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => latencies[Math.floor(latencies.length * share)];
  console.log(
    `${latencies.length} one-row requests beside 20,000 rows: p50 ${at(0.5).toFixed(2)}, p99 ${at(0.99).toFixed(2)} ms; a batch of 64 takes ${batchMs.toFixed(2)} ms: p99 = ${(at(0.99) / batchMs).toFixed(2)} batches; ${refused} refused`,
  );
  await ensemble.close();
}

/** Kills of workers under load; every answer is checked. */
async function kills() {
  await killUnderLoad(bundles, Number(amount ?? 500), Infinity);
}

/** Mixed sizes and kills for a while (seconds), memory watched. */
async function soak() {
  await killUnderLoad(bundles, Infinity, Number(amount ?? 1800) * 1000);
}
