// @ts-check
import { loadEnsemble } from '@snapshot-ensemble/ensemble-runtime';
import { images } from './runtime-bundles.mjs';
import { median } from './side-by-side.mjs';

/** @typedef {import('./runtime-bundles.mjs').Bundles} Bundles */

/**
 * Kills workers while clients ask, and checks every answer.
 *
 * @param {Bundles} bundles
 * @param {number} wanted Kills.
 * @param {number} ms
 */
export async function killUnderLoad(bundles, wanted, ms) {
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
