import { describe, expect, it } from 'vitest';
import {
  averageWeights,
  chain,
  createSnapshotStore,
  followSchedule,
  greedySoup,
  learningRateRangeTest,
  memoryBlobs,
  reportProgress,
  resumeStep,
  saveCheckpoints,
  stopEarly,
  type LearningRateRange,
  type ProgressReport,
} from '../../src/index.ts';
import { weightAverage } from '../../src/plugins/weight-average.ts';
import { readTensors, tensorStream } from '../../src/testing/tensors.ts';
import { toyTrainer } from './toy-trainer.ts';

const run = { totalSteps: 12, stepsPerEpoch: 3 };

describe('saveCheckpoints', () => {
  it('works alone, once an epoch, and restores what it saved', async () => {
    const store = createSnapshotStore(memoryBlobs());
    const first = toyTrainer();
    const stopping = {
      name: 'stopping',
      onStepEnd: ({ step }: { step: number }) => {
        if (step === 7) first.stop();
      },
    };
    await first.train(
      chain(
        followSchedule(() => 0.1),
        saveCheckpoints(store),
        stopping,
      ),
      run,
    );
    expect(await resumeStep(store)).toBe(8);
    const second = toyTrainer(99);
    const resumed = chain(
      followSchedule(() => 0.1),
      saveCheckpoints(store, { existing: 'resume' }),
    );
    await second.train(resumed, { ...run, firstStep: 8 });
    const uncut = toyTrainer();
    await uncut.train(
      followSchedule(() => 0.1),
      run,
    );
    expect(second.weight).toEqual(uncut.weight);
    expect((await store.readManifest())?.completed).toBe(true);
  });

  it('keeps one checkpoint', async () => {
    const blobs = memoryBlobs();
    await toyTrainer().train(saveCheckpoints(createSnapshotStore(blobs), { everySteps: 2 }), run);
    const keys: string[] = [];
    for await (const { key } of blobs.list('checkpoints/')) keys.push(key);
    expect(keys).toHaveLength(1);
  });

  it.each([0, 5])(
    'refuses to begin at step %d when the checkpoint is of another',
    async (firstStep) => {
      const store = createSnapshotStore(memoryBlobs());
      await toyTrainer().train(saveCheckpoints(store), run);
      const again = toyTrainer().train(saveCheckpoints(store, { existing: 'resume' }), {
        ...run,
        firstStep,
      });
      await expect(again).rejects.toThrow(
        `begins at step ${firstStep}, but the store's newest checkpoint is of step 12`,
      );
    },
  );

  it.each([0, -1, 1.5])('refuses everySteps %d', (everySteps) => {
    expect(() => saveCheckpoints(createSnapshotStore(memoryBlobs()), { everySteps })).toThrow(
      RangeError,
    );
  });
});

describe('averageWeights', () => {
  /** Without training the weight is what is written into it before each step. */
  const writing = {
    name: 'writing',
    onStepBegin: ({ step }: { step: number }, trainer: unknown) => {
      (trainer as ReturnType<typeof toyTrainer>).weight[0] = step;
    },
  };

  it.each([
    ['all steps', { kind: 'equal', everySteps: 1 }, 5.5],
    ['the last of each epoch', { kind: 'equal' }, (2 + 5 + 8 + 11) / 4],
    ['from a step on', { kind: 'equal', everySteps: 1, fromStep: 10 }, 10.5],
    [
      'the newest more',
      { kind: 'exponential', decay: 0.5, fromStep: 9 },
      (9 * 0.5 + 10 * 0.5) * 0.5 + 11 * 0.5,
    ],
  ] as const)('averages %s', async (_, options, expected) => {
    const toy = toyTrainer();
    await toy.train(chain(writing, averageWeights(options)), run);
    expect(toy.weight[0]).toBeCloseTo(expected, 6);
    expect(toy.batchNormRefreshes).toBe(1);
  });

  it('keeps the double precision of weights that have it, and of its state', async () => {
    const weights = (value: number) =>
      tensorStream([
        { name: 'w', dtype: 'float64', shape: [1], data: Float64Array.of(value) },
        { name: 'v', dtype: 'float32', shape: [1], data: Float32Array.of(value) },
      ]);
    const first = weightAverage();
    await first.add(weights(0.1), 1);
    const second = weightAverage();
    second.restore(first.state());
    await second.add(weights(0.2), 0.25);
    const mean = 0.1 + 0.25 * (0.2 - 0.1);
    const [w, v] = await readTensors(second.read());
    expect(w).toEqual({ name: 'w', dtype: 'float64', shape: [1], data: Float64Array.of(mean) });
    expect([v?.name, v?.dtype]).toEqual(['v', 'float32']);
    expect(v?.data[0]).toBeCloseTo(mean, 7);
  });

  it('leaves the weights alone if nothing was averaged', async () => {
    const toy = toyTrainer();
    await toy.train(chain(writing, averageWeights({ kind: 'equal', fromStep: 50 })), run);
    expect([toy.weight[0], toy.batchNormRefreshes]).toEqual([11, 0]);
  });

  it.each([
    { kind: 'exponential', decay: 1 },
    { kind: 'exponential', decay: Number.NaN },
    { kind: 'equal', everySteps: 0 },
    { kind: 'equal', fromStep: -1 },
  ] as const)('refuses %j', (options) => {
    expect(() => averageWeights(options)).toThrow(/^averageWeights: /);
  });
});

describe('greedySoup', () => {
  const soup = async (weights: readonly number[], target: number) => {
    const store = createSnapshotStore(memoryBlobs());
    const toy = toyTrainer();
    const plan = { totalSteps: 12, cycles: [{ index: 0, start: 0, end: 12 }] };
    const begun = await store.begin({ model: toy.model, plan, schedule: [] });
    for (const [step, value] of weights.entries()) {
      const tensor = {
        name: 'w',
        dtype: 'float32' as const,
        shape: [1],
        data: Float32Array.of(value),
      };
      await begun.save({ cycle: 0, step, learningRate: 0 }, tensorStream([tensor]));
    }
    const evaluate = (): Promise<number> => Promise.resolve(Math.abs(toy.weight[0]! - target));
    return { ...(await greedySoup(toy, store, { evaluate, mode: 'min' })), weight: toy.weight[0] };
  };

  it('takes in what makes the average better, best first', async () => {
    const { members, score, weight } = await soup([3, 9, 1], 2);
    expect(members.map((id) => Number(id.slice(5, 13)))).toEqual([0, 2]);
    expect([score, weight]).toEqual([0, 2]);
  });

  it('is the best member if nothing helps, and leaves it in the trainer', async () => {
    const { members, score, weight } = await soup([5, 2, 9], 2);
    expect(members).toHaveLength(1);
    expect([score, weight]).toEqual([0, 2]);
  });

  it('refuses a store without members', async () => {
    await expect(soup([], 1)).rejects.toThrow('holds no members');
  });
});

describe('learningRateRangeTest', () => {
  const test = async (
    options: Partial<Parameters<typeof learningRateRangeTest>[0]> = {},
    steps = 200,
  ) => {
    const toy = toyTrainer();
    let range: LearningRateRange | undefined;
    const testing = learningRateRangeTest({
      lrStart: 1e-4,
      lrEnd: 10,
      steps: 100,
      onResult: (found) => {
        range = found;
      },
      ...options,
    });
    await toy.train(testing, { totalSteps: steps, stepsPerEpoch: 10 });
    return { toy, range: range! };
  };

  it('raises the rate evenly, stops on divergence, and puts the weights back', async () => {
    const { toy, range } = await test();
    const [first = 0, second = 0, third = 0] = toy.learningRates;
    expect(first).toBeCloseTo(1e-4, 10);
    expect(second / first).toBeCloseTo(third / second, 10);
    // w ← (1 − 2η) w grows from η = 1 on.
    expect(range.divergedAt).toBeGreaterThan(1);
    expect(toy.learningRates.length).toBeLessThan(100);
    expect(toy.weight[0]).toBe(1);
  });

  it('suggests a rate at which the loss falls, with a reason', async () => {
    const { range } = await test();
    expect(range.suggestion).toBeGreaterThan(0.005);
    expect(range.suggestion).toBeLessThan(1);
    expect(range.reason).toMatch(
      /^The smoothed loss falls fastest at .*, is lowest at .*; it grew out of bounds at .*\.$/,
    );
  });

  it('says so when it never diverged', async () => {
    const { range } = await test({ lrEnd: 0.3 });
    expect(range.divergedAt).toBeUndefined();
    expect(range.reason).toContain('a test that goes higher may find a higher rate');
  });

  it.each([
    ['it diverges at once', { lrStart: 5, lrEnd: 50 }, 'begin at a lower learning rate'],
    [
      'the loss never falls',
      { lrStart: 1.01, lrEnd: 1.05, divergence: 1e30 },
      'The loss never fell',
    ],
  ])('suggests nothing if %s', async (_, options, reason) => {
    const { range } = await test(options);
    expect(range.suggestion).toBeUndefined();
    expect(range.reason).toContain(reason);
  });

  it.each([
    [{ lrStart: 0 }, '0 < lrStart < lrEnd'],
    [{ steps: 1 }, 'whole number of steps'],
    [{ smoothing: 1 }, 'smoothing in [0, 1)'],
    [{ metric: 'acc' }, 'no metric "acc". It has: loss.'],
    [{ steps: 500 }, 'has 200 steps left; the test needs 500'],
  ])('refuses %j', async (options, message) => {
    await expect(async () => test(options)).rejects.toThrow(message);
  });
});

describe('stopEarly', () => {
  const epochsWith = async (
    values: readonly number[],
    options: Partial<Parameters<typeof stopEarly>[0]> = {},
  ) => {
    const toy = toyTrainer();
    const metricsOf = (step: number) => ({ val_loss: values[Math.floor(step / 2)]! });
    await toy.train(stopEarly({ metric: 'val_loss', patience: 2, ...options }), {
      totalSteps: values.length * 2,
      stepsPerEpoch: 2,
      metricsOf,
    });
    return toy.learningRates.length / 2;
  };

  it.each([
    ['after patience without improvement', [3, 2, 2, 2, 2, 2], {}, 4],
    ['not while it improves', [3, 2, 3, 1, 3, 0], {}, 6],
    ['on a falling score in mode max', [1, 2, 1, 1, 1], { mode: 'max' as const }, 4],
    ['on improvements below minDelta', [3, 2.9, 2.8, 2.7], { minDelta: 0.5 }, 3],
    ['on NaN', [1, Number.NaN, Number.NaN, 1], {}, 3],
    [
      'at cycle ends only',
      [1, 9, 1, 9, 1, 9, 1, 0],
      {
        plan: {
          totalSteps: 16,
          cycles: [0, 4, 8, 12].map((start, index) => ({ index, start, end: start + 4 })),
        },
      },
      6,
    ],
  ])('stops %s', async (_, values, options, epochs) => {
    expect(await epochsWith(values, options)).toBe(epochs);
  });

  it('lets a rising accuracy go on', async () => {
    const toy = toyTrainer();
    const metricsOf = (step: number) => ({ val_acc: step / 20 });
    const run = { totalSteps: 20, stepsPerEpoch: 2, metricsOf };
    await toy.train(stopEarly({ metric: 'val_acc', patience: 2 }), run);
    expect(toy.learningRates).toHaveLength(20);
  });

  it('says which metrics there are', async () => {
    await expect(epochsWith([1], { metric: 'acc' })).rejects.toThrow(
      'stopEarly: an epoch has no metric "acc". It has: val_loss.',
    );
    expect(() => stopEarly({ metric: 'loss', patience: 0 })).toThrow(RangeError);
  });
});

describe('reportProgress', () => {
  it('tells how far the run is and how long it will take', async () => {
    const reports: ProgressReport[] = [];
    let time = 0;
    const now = (): number => (time += 10);
    await toyTrainer().train(
      reportProgress((report) => reports.push(report), { now }),
      { ...run, firstStep: 6, metricsOf: () => ({ loss: 1 }) },
    );
    expect(reports).toEqual([
      { kind: 'begin', step: 6, totalSteps: 12, epoch: 2, elapsedMs: 10 },
      {
        kind: 'epoch',
        step: 9,
        totalSteps: 12,
        epoch: 2,
        elapsedMs: 20,
        metrics: { loss: 1 },
        remainingMs: 20,
      },
      {
        kind: 'epoch',
        step: 12,
        totalSteps: 12,
        epoch: 3,
        elapsedMs: 30,
        metrics: { loss: 1 },
        remainingMs: 0,
      },
      { kind: 'end', step: 12, totalSteps: 12, epoch: 4, elapsedMs: 40, remainingMs: 0 },
    ]);
  });

  it('reports steps if asked, and reads their metrics only then', async () => {
    const steps: (number | undefined)[] = [];
    const sink = ({ kind, metrics }: ProgressReport): void => {
      if (kind === 'step') steps.push(metrics?.['loss']);
    };
    await toyTrainer().train(reportProgress(sink, { everySteps: 4 }), run);
    await toyTrainer().train(reportProgress(sink, { everySteps: 6, withStepMetrics: true }), run);
    expect(steps).toEqual([undefined, undefined, undefined, 1, 1]);
  });
});
