// @ts-check
// One of two writers on a store, each taken for a process of another machine: only the expiry of its lock tells that it is
// gone. It saves the same steps as the other, a member and a checkpoint of each, until it has lost the lock or is told to
// end. node rival.mjs FOLDER NAME EXPIRY-MS
import { writeSync } from 'node:fs';
import { createSnapshotStore } from '../../dist/index.js';
import { fileBlobs } from '../../dist/node/index.js';
import { model, plan, elements } from './model.mjs';

const [folder = '', name = '', expiry = '0'] = process.argv.slice(2);
const identity = { host: `machine-${name}`, boot: name, pid: process.pid, start: name };
const store = createSnapshotStore(fileBlobs(folder), {
  lockExpiresAfterMs: Number(expiry),
  holder: async () => ({ identity, isAlive: async () => undefined }),
});

/** Synchronous: a line is out before the next statement runs. @param {string} line */
const say = (line) => writeSync(1, `${line}\n`);

/** What a tensor holds tells the step and the writer. @param {number} step */
async function* weights(step) {
  const data = new Float32Array(elements).fill(step);
  data[0] = name.charCodeAt(0);
  yield { ...model.weights[0], data };
}

let isEnding = false;
process.stdin.on('data', () => (isEnding = true));

try {
  const run = await store.begin({ model, plan, schedule: [] }, { existing: 'resume-or-start' });
  say('begun');
  for (let step = 1; !isEnding; step = (step % 3) + 1) {
    await run.save({ cycle: 0, step, learningRate: 0.1 }, weights(step));
    await run.saveCheckpoint({ step, epoch: 0 }, { weights: weights(step) });
    say(`saved ${step}`);
  }
  await run.close();
  say('closed');
} catch (error) {
  const code = error instanceof Error && 'code' in error ? error.code : String(error);
  say(`failed ${code}`);
}
process.exit();
