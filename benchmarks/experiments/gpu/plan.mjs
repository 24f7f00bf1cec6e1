// @ts-check
// `node benchmarks/experiments/gpu/plan.mjs FOLDER`: every schedule of the sweep, from our schedules package, for `sweep.py`.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recipeOf } from '../recipes.mjs';
import { stepsPerEpoch, tasks } from '../tasks.mjs';
import { groups } from './groups.mjs';

const folder = process.argv[2];
if (folder === undefined) throw new RangeError('Usage: node plan.mjs FOLDER');
mkdirSync(folder, { recursive: true });

/** Each array once: configurations that differ in weight decay alone share theirs. @type {Map<string, { array: Float32Array, start: number }>} */
const placed = new Map();
let length = 0;
/** @param {Float32Array | undefined} array */
function place(array) {
  if (array === undefined) return null;
  const key = createHash('sha256').update(new Uint8Array(array.buffer)).digest('hex');
  const found = placed.get(key);
  if (found !== undefined) return found.start;
  placed.set(key, { array, start: length });
  length += array.length;
  return length - array.length;
}

const plan = groups().map(({ task: name, epochs, configs }) => {
  const task = tasks[name];
  const budget = { epochs, stepsPerEpoch: stepsPerEpoch(task), rows: task.train };
  return {
    name: `${name}-${epochs}`,
    task: name,
    ...task,
    epochs,
    stepsPerEpoch: budget.stepsPerEpoch,
    configs: configs.map(({ seeds, ...settings }) => {
      const { rates, shares, noise, kept, keepsBest = false } = recipeOf(settings, budget);
      return {
        settings,
        seeds,
        kept,
        keepsBest,
        rates: place(rates),
        shares: place(shares),
        noise: place(noise),
      };
    }),
  };
});
writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan));
writeFileSync(
  join(folder, 'plan.bin'),
  Buffer.concat([...placed.values()].map(({ array }) => new Uint8Array(array.buffer))),
);
for (const { name, configs } of plan)
  console.log(
    `${name}: ${configs.length} configurations, ${configs.reduce((sum, { seeds }) => sum + seeds.length, 0)} runs`,
  );
