import { anneal, equalCycles } from '@snapshot-ensemble/schedules';
import {
  chain,
  createSnapshotStore,
  encodeSafetensors,
  followSchedule,
  memoryBlobs,
  resumeStep,
  saveCheckpoints,
  takeSnapshots,
  type BlobStore,
  type Metrics,
  type NamedTensor,
  type TrainingCallback,
} from '@snapshot-ensemble/snapshot-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNetwork } from './network.ts';
import { quadrants } from './quadrants.ts';
import { train } from './train.ts';

const data = quadrants(40, 2);
const epochs = 6;
const batchSize = 8;
const totalSteps = 30;
const plan = equalCycles({ totalSteps, cycles: 4 });
const schedule = anneal(plan, { lrInit: 0.2 });

/** Everything a run leaves: by step, by epoch, and at the end. */
interface Trace {
  readonly learningRates: Map<number, number>;
  readonly stepMetrics: Map<number, Metrics>;
  readonly epochMetrics: Map<number, Metrics>;
  weights: string;
}

interface Leg {
  readonly blobs: BlobStore;
  readonly trace: Trace;
  readonly everySteps: number;
  readonly checkpointsFirst: boolean;
  /** Ends the run after so many updates. */
  readonly cut?: { readonly after: number; readonly by: 'crash' | 'stop' };
}

class Crash extends Error {}

async function runLeg({ blobs, trace, everySteps, checkpointsFirst, cut }: Leg): Promise<void> {
  const store = createSnapshotStore(blobs);
  const firstStep = await resumeStep(store);
  const saving = [
    saveCheckpoints(store, { everySteps, existing: 'resume-or-start' }),
    takeSnapshots(plan, store, { schedule, existing: 'resume-or-start' }),
  ];
  const callback = chain(
    followSchedule(schedule),
    ...(checkpointsFirst ? saving : saving.toReversed()),
    recorder(trace, cut),
  );
  // Another seed for every leg: whatever the run does not restore would show.
  const network = createNetwork([2, 6, 4], firstStep);
  await train(network, { data, epochs, batchSize, seed: 3, callback, firstStep });
}

function recorder(trace: Trace, cut: Leg['cut']): TrainingCallback {
  return {
    name: 'recorder',
    onStepBegin: ({ step }) => {
      trace.learningRates.set(step, schedule(step));
    },
    onStepEnd: async (result, trainer) => {
      const { step } = result;
      trace.stepMetrics.set(step, await result.readMetrics());
      if (step + 1 !== cut?.after) return;
      if (cut.by === 'crash') throw new Crash();
      trainer.stop();
    },
    onEpochEnd: ({ epoch, metrics }) => {
      trace.epochMetrics.set(epoch, metrics);
    },
    onTrainEnd: async ({ outcome }, trainer) => {
      if (outcome === 'failed') return;
      const weights: NamedTensor[] = [];
      for await (const tensor of trainer.readWeights()) weights.push(tensor);
      trace.weights = Buffer.from(encodeSafetensors(weights)).toString('hex');
    },
  };
}

/** Runs to the end, cut and resumed as told, and returns all that must not depend on the cuts. */
async function outcome(
  cuts: readonly NonNullable<Leg['cut']>[],
  settings: Pick<Leg, 'everySteps' | 'checkpointsFirst'>,
): Promise<unknown> {
  const blobs = memoryBlobs();
  const trace: Trace = {
    learningRates: new Map(),
    stepMetrics: new Map(),
    epochMetrics: new Map(),
    weights: '',
  };
  for (const cut of cuts) {
    await runLeg({ blobs, trace, cut, ...settings }).catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error;
    });
  }
  await runLeg({ blobs, trace, ...settings });
  const manifest = await createSnapshotStore(blobs).readManifest();
  const members = manifest?.members.map(({ cycle, step, learningRate, metrics, bytes }) => ({
    cycle,
    step,
    learningRate,
    metrics,
    bytes,
  }));
  const contents = [];
  for (const { id } of manifest?.members ?? []) {
    for await (const { data: values } of createSnapshotStore(blobs).readMember(id)) {
      contents.push(Array.from(values as Float32Array));
    }
  }
  return { ...trace, members, contents, completed: manifest?.completed };
}

describe('a run cut anywhere and resumed', () => {
  it('ends bit by bit like the uncut one', async () => {
    const uncut = await outcome([], { everySteps: 30, checkpointsFirst: false });
    const cut = fc.record({
      after: fc.integer({ min: 1, max: totalSteps - 1 }),
      by: fc.constantFrom('crash' as const, 'stop' as const),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(cut, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
        async (cuts, everySteps, checkpointsFirst) => {
          expect(await outcome(cuts, { everySteps, checkpointsFirst })).toEqual(uncut);
        },
      ),
      { numRuns: 60, seed: 20170401 },
    );
  });

  it('ends like the uncut one for every single step', async () => {
    const uncut = await outcome([], { everySteps: 4, checkpointsFirst: true });
    for (const by of ['crash', 'stop'] as const) {
      for (let after = 1; after < totalSteps; after += 1) {
        const resumed = await outcome([{ after, by }], { everySteps: 4, checkpointsFirst: true });
        expect(resumed, `${by} after ${after} updates`).toEqual(uncut);
      }
    }
  });

  it('would be found out if the optimizer were forgotten', async () => {
    const settings = { everySteps: 4, checkpointsFirst: true };
    const blobs = memoryBlobs();
    const forgetful = async (): Promise<unknown> => {
      const network = createNetwork([2, 6, 4], 0);
      const store = createSnapshotStore(blobs);
      const firstStep = await resumeStep(store);
      const trace: Trace = {
        learningRates: new Map(),
        stepMetrics: new Map(),
        epochMetrics: new Map(),
        weights: '',
      };
      const keeper = saveCheckpoints(store, { everySteps: 4, existing: 'resume-or-start' });
      const withoutState: TrainingCallback = {
        ...keeper,
        onTrainBegin: (run, trainer) =>
          keeper.onTrainBegin?.(run, { ...trainer, writeOptimizer: () => Promise.resolve() }),
      };
      const cut = firstStep === 0 ? { after: 10, by: 'stop' as const } : undefined;
      const callback = chain(followSchedule(schedule), withoutState, recorder(trace, cut));
      await train(network, { data, epochs, batchSize, seed: 3, callback, firstStep });
      return trace.weights;
    };
    await forgetful();
    const { weights } = (await outcome([], settings)) as Trace;
    expect(await forgetful()).not.toEqual(weights);
  });
});
