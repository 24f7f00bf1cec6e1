// @ts-check
// What chain(followSchedule, takeSnapshots) costs a step on a trainer that does nothing.
import { anneal, equalCycles } from '@snapshot-ensemble/schedules';
import {
  chain,
  createSnapshotStore,
  followSchedule,
  memoryBlobs,
  takeSnapshots,
} from '@snapshot-ensemble/snapshot-core';

const steps = 1_000_000;
const rounds = 9;
const limitMicroseconds = 0.2;
const plan = equalCycles({ totalSteps: steps, cycles: 5 });
const trainer = {
  model: { format: 'nothing', topology: null, weights: [] },
  setLearningRate: () => undefined,
  async *readWeights() {},
  writeWeights: async () => undefined,
  stop: () => undefined,
};
const nothing = { name: 'nothing', onStepBegin: () => undefined, onStepEnd: () => undefined };

/** Processor time of a run in microseconds a step, and how much the heap has grown by. @param {import('@snapshot-ensemble/snapshot-core').TrainingCallback} callback */
async function run(callback) {
  const progress = { step: 0, epoch: 0, totalSteps: steps, stepsPerEpoch: steps };
  const result = { ...progress, readMetrics: async () => ({}) };
  await callback.onTrainBegin?.(progress, trainer);
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  const start = process.cpuUsage();
  for (let step = 0; step < steps; step += 1) {
    progress.step = step;
    result.step = step;
    const begun = callback.onStepBegin?.(progress, trainer);
    if (begun !== undefined) await begun;
    const ended = callback.onStepEnd?.(result, trainer);
    if (ended !== undefined) await ended;
  }
  const { user, system } = process.cpuUsage(start);
  globalThis.gc?.();
  const grown = process.memoryUsage().heapUsed - heap;
  await callback.onTrainEnd?.({ ...progress, step: steps, outcome: 'finished' }, trainer);
  return { microseconds: (user + system) / steps, grown };
}

const ours = [];
const idle = [];
for (let round = 0; round < rounds; round += 1) {
  const schedule = anneal(plan, { lrInit: 0.1 });
  const store = createSnapshotStore(memoryBlobs());
  ours.push(await run(chain(followSchedule(schedule), takeSnapshots(plan, store, { schedule }))));
  idle.push(await run(nothing));
}
/** @param {{ microseconds: number }[]} runs */
const median = (runs) =>
  runs.map(({ microseconds }) => microseconds).sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? NaN;
const cost = median(ours) - median(idle);
console.log(`Node ${process.version}; ${steps} steps, ${rounds} rounds, processor time`);
console.log(
  `an empty callback ${median(idle).toFixed(3)} µs a step, ours ${cost.toFixed(3)} µs more (limit ${limitMicroseconds})`,
);
console.log(
  `heap grown over ${steps} steps: ${ours.map(({ grown }) => `${Math.round(grown / 1024)} KiB`).join(', ')}${globalThis.gc ? '' : ' (run with --expose-gc to tell garbage from growth)'}`,
);
if (cost > limitMicroseconds) process.exitCode = 1;
