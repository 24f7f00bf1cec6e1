// Trains the run that JOB_COMPLETION_INDEX names, as in a pod of a Kubernetes indexed job; without it all runs, in two processes.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { runs } from './runs.ts';
import { storeOf } from './stores.ts';
import { trainRun } from './train-run.ts';

const PROCESSES = 2;
const place = process.env['SWEEP'] ?? 'sweep';
const index = process.env['JOB_COMPLETION_INDEX'];

async function trainHere(index: string): Promise<void> {
  const run = runs[Number(index)];
  if (run === undefined)
    throw new Error(`JOB_COMPLETION_INDEX is ${index}; the runs are 0 to ${runs.length - 1}.`);
  const members = await trainRun(run, storeOf(place, run.name));
  console.log(`${run.name}: ${members} members in ${place}/${run.name}`);
}

async function trainAll(): Promise<void> {
  const waiting = runs.keys();
  const worker = async (): Promise<void> => {
    for (const next of waiting) {
      const env = { ...process.env, JOB_COMPLETION_INDEX: String(next) };
      const [code] = (await once(fork(fileURLToPath(import.meta.url), { env }), 'exit')) as [
        number,
      ];
      if (code !== 0) throw new Error(`Run ${next} ended with exit code ${code}. Start it again.`);
    }
  };
  await Promise.all(Array.from({ length: PROCESSES }, worker));
  console.log(
    `Next: npx snapshot-ensemble export ${place} --sweep --best 5 --metric val_loss --out bundle`,
  );
}

await (index === undefined ? trainAll() : trainHere(index));
