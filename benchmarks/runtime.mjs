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
import { median, sideBySide } from './side-by-side.mjs';

const threads = availableCores();
const [section = 'overhead', network = 'cnn', amount] = process.argv.slice(2);
const sections = { overhead, clients, loop, beside, kills, cores, memory, reloads, soak };
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
  const [prediction] = open.process.manifest.outputs;
  const only = { outputs: [prediction.name] };
  for (const rows of [1, 64]) {
    const data = images(bundles.shape, rows);
    const times = rows === 1 ? 200 : network === 'cnn' ? 20 : 4;
    const rowsOf = await sideBySide({
      title: `${network}: ms a request of ${rows} row(s), one after the other`,
      threads,
      packages: ['onnxruntime-node'],
      rounds: Number(amount ?? 9),
      contenders: [
        {
          name: 'ideal: one member five times',
          run: () =>
            each(times, async () => {
              for (let k = 0; k < MEMBERS; k++) await raw(member, data);
            }),
        },
        { name: 'fused graph, bare session', run: () => each(times, () => raw(fused, data)) },
        ...Object.entries(open).map(([name, ensemble]) => ({
          name: `ensemble-runtime, ${name}`,
          run: () => each(times, () => ensemble.predict(data, only)),
        })),
        {
          name: 'naive: five sessions, default options',
          run: () =>
            each(Math.ceil(times / 4), () => Promise.all(own.map((one) => raw(one, data)))),
        },
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
  there?.end();
  await Promise.all(Object.values(open).map((ensemble) => ensemble.close()));
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
  await killUnderLoad(Number(amount ?? 500), Infinity);
}

/** Mixed sizes and kills for a while (seconds), memory watched. */
async function soak() {
  await killUnderLoad(Infinity, Number(amount ?? 1800) * 1000);
}

/** @param {number} wanted Kills. @param {number} ms */
async function killUnderLoad(wanted, ms) {
  const ensemble = await loadEnsemble(bundles.fused, { workers: 2, threads: 1, processes: 'own' });
  const [prediction] = ensemble.manifest.outputs;
  const only = { outputs: [prediction.name] };
  const rows = 200;
  const data = images(bundles.shape, rows);
  const size = data.length / rows;
  const right = (await ensemble.predict(data, only)).outputs[prediction.name].data;
  const classes = right.length / rows;
  const tally = { answered: 0, wrong: 0, crashed: 0, other: 0, kills: 0 };
  /** @type {number[]} */
  const back = [];
  const end = performance.now() + ms;
  let isOver = false;
  let state = 1;
  const random = (/** @type {number} */ below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const client = async () => {
    while (!isOver) {
      const count = [1, 1, 3, 16, 64, 150][random(6)];
      const start = random(rows - count + 1);
      try {
        const { outputs } = await ensemble.predict(
          data.subarray(start * size, (start + count) * size),
          only,
        );
        const got = outputs[prediction.name].data;
        tally.answered++;
        if (
          !got.every(
            (/** @type {number | bigint} */ value, /** @type {number} */ index) =>
              Math.abs(Number(value) - Number(right[start * classes + index])) < 1e-5,
          )
        )
          tally.wrong++;
      } catch (error) {
        tally[/** @type {any} */ (error).code === 'worker-crashed' ? 'crashed' : 'other']++;
      }
    }
  };
  const memory = [];
  const killer = async () => {
    while (tally.kills < wanted && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 50 + random(100)));
      const workers = ensemble.stats().workers;
      const { pid } = workers[random(workers.length)];
      if (pid === undefined) continue;
      process.kill(pid, 'SIGKILL');
      tally.kills++;
      if (tally.kills % 10 === 0) back.push(await untilReady(ensemble));
      if (tally.kills % 50 === 0) memory.push(process.memoryUsage().rss / 2 ** 20);
    }
    isOver = true;
  };
  await Promise.all([killer(), ...Array.from({ length: 8 }, client)]);
  back.sort((a, b) => a - b);
  const growth = memory.map((value) => Math.round(value)).join(' ');
  console.log(
    `${tally.kills} kills, ${tally.answered} answered, ${tally.wrong} wrong, ${tally.crashed} worker-crashed, ${tally.other} other errors, ${ensemble.stats().restarts} restarts; a lane is back after ${Math.round(median(back))} ms (median), ${Math.round(back.at(-1) ?? NaN)} ms at most; RSS of this process, MiB, every 50 kills: ${growth}`,
  );
  await ensemble.close();
  if (tally.wrong + tally.other > 0) process.exitCode = 1;
}

/** @param {import('@snapshot-ensemble/ensemble-runtime').Ensemble} ensemble Milliseconds until all workers are ready. */
async function untilReady(ensemble) {
  const start = performance.now();
  // The kill is noticed a moment after it.
  await new Promise((resolve) => setTimeout(resolve, 5));
  while (ensemble.stats().workers.some(({ state }) => state !== 'ready'))
    await new Promise((resolve) => setTimeout(resolve, 5));
  return performance.now() - start;
}

/** @param {number} pid Processor seconds and MiB of a process. */
function usage(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const rollup = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpu: (Number(stat[11]) + Number(stat[12])) / 100,
    rss: Number(/VmRSS:\s+(\d+)/.exec(rollup)?.[1]) / 1024,
  };
}

/** Many bundles under load: how many cores they keep busy, and how many processes they need. */
async function cores() {
  const count = 8;
  const ensembles = [];
  for (let index = 0; index < count; index++) ensembles.push(await loadEnsemble(bundles.fused));
  const pids = [
    process.pid,
    ...new Set(ensembles.flatMap((one) => one.stats().workers.flatMap(({ pid }) => pid ?? []))),
  ];
  const data = images(bundles.shape, 64);
  const before = pids.map((pid) => usage(pid).cpu);
  const start = performance.now();
  await Promise.all(
    ensembles.map(async (one) => {
      while (performance.now() - start < 10_000) await one.predict(data);
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  const used = pids.map((pid, index) => usage(pid).cpu - before[index]);
  const sum = used.reduce((total, one) => total + one, 0);
  console.log(
    `${count} bundles under load: ${(sum / seconds).toFixed(2)} cores busy of ${threads} (this process ${(used[0] / seconds).toFixed(2)}), ${pids.length - 1} child process(es)`,
  );
  await Promise.all(ensembles.map((one) => one.close()));
}

/** Memory of one worker and of two, beyond that of a process with a tiny graph. */
async function memory() {
  const graph = readFileSync(bundles.graph).byteLength / 2 ** 20;
  const tiny = new URL('../conformance/serving/golden/tiny', import.meta.url);
  /** @param {string | URL} bundle @param {number} workers MiB of the processes, together. */
  const rss = async (bundle, workers) => {
    const ensemble = await loadEnsemble(bundle, { workers, threads: 1, processes: 'own' });
    for (let round = 0; round < 3; round++) await ensemble.warmUp({ rows: 8 });
    const pids = ensemble.stats().workers.map(({ pid }) => /** @type {number} */ (pid));
    const sum = pids.reduce((total, pid) => total + usage(pid).rss, 0);
    await ensemble.close();
    return sum;
  };
  for (const workers of [1, 2]) {
    const base = await rss(tiny, workers);
    const all = await rss(bundles.fused, workers);
    console.log(
      `${workers} worker(s): ${base.toFixed(0)} MiB with a tiny graph, ${all.toFixed(0)} MiB with one of ${graph.toFixed(1)} MiB: ${((all - base) / workers / graph).toFixed(2)} × the graph a worker`,
    );
  }
}

/** Memory after many reloads. */
async function reloads() {
  const data = images(bundles.shape, 8);
  let current = await loadEnsemble(bundles.fused);
  await current.predict(data);
  const wanted = Number(amount ?? 1000);
  for (let reload = 1; reload <= wanted; reload++) {
    const next = await loadEnsemble(bundles.fused);
    await next.predict(data);
    await current.close();
    current = next;
    if (reload === 50 || reload % 200 === 0 || reload === wanted) {
      const pids = new Set(current.stats().workers.map(({ pid }) => /** @type {number} */ (pid)));
      const children = [...pids].reduce((sum, pid) => sum + usage(pid).rss, 0);
      console.log(
        `after ${reload} reloads: children ${children.toFixed(0)} MiB, this process ${usage(process.pid).rss.toFixed(0)} MiB`,
      );
    }
  }
  await current.close();
}
