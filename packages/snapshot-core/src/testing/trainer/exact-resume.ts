import { memoryBlobs } from '../../blobs/memory.ts';
import { chain } from '../../chain.ts';
import { averageWeights } from '../../plugins/average-weights.ts';
import { keepBest } from '../../plugins/keep-best.ts';
import { langevinNoise } from '../../plugins/langevin-noise.ts';
import { learningRateRangeTest } from '../../plugins/learning-rate-range-test.ts';
import { saveCheckpoints, resumeStep } from '../../plugins/save-checkpoints.ts';
import { stopEarly } from '../../plugins/stop-early.ts';
import { takeSnapshots } from '../../plugins/take-snapshots.ts';
import type { EpochResult, Trainer, TrainingCallback } from '../../protocol.ts';
import type { SnapshotStore } from '../../snapshot-store.ts';
import { createSnapshotStore } from '../../store/create-snapshot-store.ts';
import { check, checkEqual } from '../contract.ts';
import { fingerprint, readTensors } from '../tensors.ts';
import type { TrainerUnderTest } from './subject.ts';

/** How a training is cut: asked to stop after so many updates, or by an error in the middle of the next one. */
type Cut = readonly [how: 'stop' | 'throw', updates: number];

interface Stores {
  readonly run: SnapshotStore;
  readonly best: SnapshotStore;
}

/** Callbacks whose states must all come back, on new stores or on those of the interrupted training run. */
type Plugins = (stores: Stores, note: (text: string) => void, resumed: boolean) => TrainingCallback;

const chains: Readonly<Record<string, (subject: TrainerUnderTest) => Plugins>> = {
  'averages, noise, the best and early stopping': (subject) => everything(subject),
  'the learning-rate range test': (subject) => rangeTest(subject),
};

/** Cuts trainings at every point and resumes them; the end must be that of the uncut one, bit by bit. */
export async function checkExactResume(subject: TrainerUnderTest): Promise<void> {
  const { epochs, stepsPerEpoch } = subject;
  const totalSteps = epochs * stepsPerEpoch;
  for (const [name, pluginsOf] of Object.entries(chains)) {
    const plugins = pluginsOf(subject);
    const uncut = await endOf(subject, plugins, newStores(), undefined);
    for (let updates = 1; updates < totalSteps; updates += 1) {
      for (const how of ['stop', 'throw'] as const) {
        const stores = newStores();
        await endOf(subject, plugins, stores, [how, updates]);
        checkEqual(
          await endOf(subject, plugins, stores, undefined),
          uncut,
          `the end of a training with ${name}, cut by ${how} after ${updates} updates and resumed,`,
        );
      }
    }
  }
}

const newStores = (): Stores => ({
  run: createSnapshotStore(memoryBlobs()),
  best: createSnapshotStore(memoryBlobs()),
});

/** Trains from where the stores are; what the model, the members and the notes are at the end. */
async function endOf(
  subject: TrainerUnderTest,
  plugins: Plugins,
  stores: Stores,
  cut: Cut | undefined,
): Promise<readonly string[]> {
  const notes: string[] = [];
  const fault = new Error('cut');
  let weights = '';
  const probe: TrainingCallback = {
    name: 'probe',
    onStepEnd: ({ step }, trainer) => {
      if (step + 1 !== cut?.[1]) return;
      if (cut[0] === 'throw') throw fault;
      trainer.stop();
    },
    onTrainEnd: async (_, trainer) => {
      weights = await textOf(trainer);
    },
  };
  const firstStep = await resumeStep(stores.run);
  const callback = chain(
    plugins(stores, (text) => notes.push(text), firstStep > 0),
    saveCheckpoints(stores.run, {
      everySteps: subject.resumesAt === 'step' ? 1 : subject.stepsPerEpoch,
      existing: 'resume-or-start',
      resumesAt: subject.resumesAt ?? 'epoch',
    }),
    probe,
  );
  try {
    await subject.train(callback, firstStep);
  } catch (error) {
    if (error !== fault) throw error;
  }
  return [weights, await membersOf(stores.run), await membersOf(stores.best), ...notes];
}

function everything({ epochs, stepsPerEpoch }: TrainerUnderTest): Plugins {
  const totalSteps = epochs * stepsPerEpoch;
  const middle = Math.floor(totalSteps / 2);
  const plan = {
    totalSteps,
    cycles: [
      { index: 0, start: 0, end: middle },
      { index: 1, start: middle, end: totalSteps },
    ],
  };
  return ({ run, best }, note, resumed) => {
    const existing = 'resume-or-start';
    // Averages first in the chain: what is saved at the end must not be theirs.
    const callbacks = [
      averageWeights({ kind: 'exponential', decay: 0.7 }),
      averageWeights({ kind: 'equal', everySteps: 2 }),
      followed(0.05),
      takeSnapshots(plan, run, { existing }),
      keepBest(best, { metric: 'judged', mode: 'min', existing }),
      // Asks to stop at the end of the last epoch, if it remembers all those before.
      stopEarly({ metric: 'judged', mode: 'min', patience: epochs - 1 }),
    ];
    // A seed that differs from run to run, as people's do.
    const noise = langevinNoise({ schedule: () => 1e-3, rows: 10, seed: resumed ? 8 : 7 });
    return chain(...callbacks.map((callback) => judging(callback, note)), whereItCan(noise));
  };
}

function rangeTest({ epochs, stepsPerEpoch }: TrainerUnderTest): Plugins {
  return (_, note) =>
    learningRateRangeTest({
      steps: epochs * stepsPerEpoch,
      lrStart: 1e-4,
      lrEnd: 1e-2,
      divergence: 1e6,
      onResult: ({ points }) => {
        note(JSON.stringify(points));
      },
    });
}

const followed = (learningRate: number): TrainingCallback => ({
  name: 'steady',
  onStepBegin: (_, trainer) => {
    trainer.setLearningRate(learningRate);
  },
});

/** Gives epochs a metric that rises from one to the next, and notes who asks to stop for it. */
function judging(callback: TrainingCallback, note: (text: string) => void): TrainingCallback {
  if (callback.onEpochEnd === undefined) return callback;
  return {
    ...callback,
    onEpochEnd: (result: EpochResult, trainer) => {
      const stop = (): void => {
        note(`asked to stop after ${result.step + 1} updates`);
      };
      const noted = Object.assign(Object.create(trainer) as Trainer, { stop });
      return callback.onEpochEnd?.({ ...result, metrics: { judged: result.epoch + 1 } }, noted);
    },
  };
}

/** Noise for trainers that can. */
function whereItCan(noise: TrainingCallback): TrainingCallback {
  return {
    ...noise,
    onStepEnd: (result, trainer) =>
      trainer.perturbWeights === undefined ? undefined : noise.onStepEnd?.(result, trainer),
  };
}

async function membersOf(store: SnapshotStore): Promise<string> {
  const { members = [] } = (await store.readManifest()) ?? {};
  const lines: string[] = [];
  for (const { id, step, cycle } of members) {
    lines.push(`${step} ${cycle} ${fingerprint(await readTensors(store.readMember(id)))}`);
  }
  return lines.join('\n');
}

async function textOf(trainer: Trainer): Promise<string> {
  const weights = await readTensors(trainer.readWeights());
  check(weights.length > 0, 'the trainer has no weights.');
  return fingerprint(weights);
}
