// @ts-check
import { readFileSync } from 'node:fs';
import { availableCores, loadEnsemble } from '@snapshot-ensemble/ensemble-runtime';
import { images } from './runtime-bundles.mjs';

/** @typedef {import('./runtime-bundles.mjs').Bundles} Bundles */

/** @param {number} pid Processor seconds and MiB of a process. */
function usage(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const rollup = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpu: (Number(stat[11]) + Number(stat[12])) / 100,
    rss: Number(/VmRSS:\s+(\d+)/.exec(rollup)?.[1]) / 1024,
  };
}

/** Many bundles under load: how many cores they keep busy, and how many processes they need. @param {Bundles} bundles */
export async function cores(bundles) {
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
    `${count} bundles under load: ${(sum / seconds).toFixed(2)} cores busy of ${availableCores()} (this process ${(used[0] / seconds).toFixed(2)}), ${pids.length - 1} child process(es)`,
  );
  await Promise.all(ensembles.map((one) => one.close()));
}

/** Memory of one worker and of two, beyond that of a process with a tiny graph. @param {Bundles} bundles */
export async function memory(bundles) {
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

/** Memory after many reloads. @param {Bundles} bundles @param {number} wanted */
export async function reloads(bundles, wanted) {
  const data = images(bundles.shape, 8);
  let current = await loadEnsemble(bundles.fused);
  await current.predict(data);
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
