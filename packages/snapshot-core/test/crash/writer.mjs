// @ts-check
// A training that does little but save: killed by the tests at random instants.
// node writer.mjs FOLDER [early]
import { writeSync } from 'node:fs';
import { createSnapshotStore } from '../../dist/index.js';
import { fileBlobs } from '../../dist/node/index.js';
import { elements, model, plan } from './model.mjs';

const [folder = '', fault] = process.argv.slice(2);
const store = createSnapshotStore(fileBlobs(folder));

/** Synchronous: a line is out before the next statement runs. @param {string} line */
const say = (line) => writeSync(1, `${line}\n`);

/** @param {number} step */
async function* weights(step) {
  yield {
    ...model.weights[0],
    data: new Float32Array(elements).fill(step),
  };
}

try {
  const run = await store.begin({ model, plan, schedule: [] }, { existing: 'resume-or-start' });
  const first = (run.manifest.members.at(-1)?.step ?? 0) + 1;
  for (let step = first; ; step += 1) {
    // Also those that a writer before this one was killed before it could remove.
    while (run.manifest.members.length > 6) await run.remove(run.manifest.members[0]?.id ?? '');
    say(`saving ${step}`);
    // The planted fault: it says that the member is safe before it is.
    if (fault === 'early') say(`saved ${step}`);
    await run.save({ cycle: 0, step, learningRate: 0.1 }, weights(step));
    if (fault !== 'early') say(`saved ${step}`);
    if (step % 3 === 0) {
      say(`saving checkpoint ${step}`);
      await run.saveCheckpoint(
        { step, epoch: 0 },
        { weights: weights(step), optimizer: weights(-step) },
      );
      say(`saved checkpoint ${step}`);
    }
    say(`idle`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
} catch (error) {
  say(
    `failed ${error instanceof Error ? `${'code' in error ? error.code : error.name}: ${error.message}` : error}`,
  );
  process.exitCode = 1;
}
