import { describe, expect, it } from 'vitest';
import {
  runTraining,
  type NamedTensor,
  type RunTrainingOptions,
  type TrainingCallback,
} from '../src/index.ts';
import { trainerContract } from '../src/testing/index.ts';
import { toyTrainer } from './plugins/toy-trainer.ts';

/** Trains a model of one weight, which must be positive, so that `writeWeights` has something to refuse. */
async function train(
  callback: TrainingCallback,
  options: Partial<RunTrainingOptions> = {},
): Promise<number> {
  const toy = toyTrainer();
  let learningRate = 0.1;
  const trainer = {
    model: toy.model,
    readWeights: () => toy.readWeights(),
    setLearningRate: (rate: number) => {
      learningRate = rate;
    },
    writeWeights: async (weights: ReturnType<typeof toy.readWeights>) => {
      const all = [];
      for await (const tensor of weights) all.push(tensor);
      if (all.length !== 1 || all[0]?.shape.join() !== '1') throw new TypeError('does not fit');
      toy.weight.set(all[0].data as Float32Array);
    },
  };
  return runTraining(trainer, callback, {
    totalSteps: 9,
    stepsPerEpoch: 3,
    step: () => {
      const loss = toy.weight[0]! ** 2;
      toy.weight[0]! -= learningRate * 2 * toy.weight[0]!;
      return () => ({ loss });
    },
    evaluate: () => ({ val_loss: toy.weight[0]! ** 2 }),
    ...options,
  });
}

/** A trainer as a class: its methods stand on the prototype, and one of them needs a private field. */
class ClassTrainer {
  readonly model = toyTrainer().model;
  readonly #rates: number[] = [];
  setLearningRate(rate: number): void {
    this.#rates.push(rate);
  }
  readRates(): readonly number[] {
    return this.#rates;
  }
  async *readWeights(): AsyncIterable<NamedTensor> {
    yield* toyTrainer().readWeights();
  }
  writeWeights(): Promise<void> {
    return Promise.resolve();
  }
  async *readOptimizer(): AsyncIterable<NamedTensor> {
    yield* toyTrainer().readWeights();
  }
}

describe('runTraining', () => {
  it('takes an object of a class, and loses none of its methods', async () => {
    const trainer = new ClassTrainer();
    const seen: string[] = [];
    const step = (): (() => Record<string, number>) => () => ({});
    const looks: TrainingCallback = {
      name: 'looks',
      onStepBegin({ step: at }, given) {
        given.setLearningRate(at);
        seen.push('readOptimizer' in given ? 'kept' : 'lost');
      },
    };
    await runTraining(trainer, looks, { totalSteps: 2, step });
    expect(seen).toEqual(['kept', 'kept']);
    expect(trainer.readRates()).toEqual([0, 1]);
  });

  const cases = trainerContract(() => ({
    epochs: 3,
    stepsPerEpoch: 3,
    resumesAt: 'step',
    train: async (callback, firstStep) => {
      await train(callback, { firstStep });
    },
  }));
  for (const { name, run } of cases) it(name, run);

  it('returns the updates made', async () => {
    expect(await train({ name: 'idle' })).toBe(9);
    const stopper: TrainingCallback = {
      name: 'stopper',
      onStepEnd: (_, trainer) => {
        trainer.stop();
      },
    };
    expect(await train(stopper, { firstStep: 4 })).toBe(5);
  });

  it('reads metrics and evaluates only for those who ask', async () => {
    const asked: string[] = [];
    const options: Partial<RunTrainingOptions> = {
      step: () => () => {
        asked.push('step');
        return {};
      },
      evaluate: ({ step }) => {
        asked.push(`epoch at ${step}`);
        return {};
      },
    };
    await train({ name: 'idle', onStepEnd: () => undefined }, options);
    expect(asked).toEqual([]);
    const curious: TrainingCallback = {
      name: 'curious',
      async onStepEnd(progress) {
        if (progress.step === 1) await progress.readMetrics();
      },
      onEpochEnd: () => undefined,
    };
    await train(curious, options);
    expect(asked).toEqual(['step', 'epoch at 2', 'epoch at 5', 'epoch at 8']);
  });

  it('ends a short last epoch too, and is one epoch if not told otherwise', async () => {
    const epochs: string[] = [];
    const callback: TrainingCallback = {
      name: 'epochs',
      onEpochEnd: ({ step, epoch, stepsPerEpoch }) => {
        epochs.push(`${epoch} at ${step} of ${stepsPerEpoch}`);
      },
    };
    await train(callback, { totalSteps: 4 });
    const { step } = { step: () => () => ({}) };
    const toy = toyTrainer();
    await runTraining(toy, callback, { totalSteps: 2, step });
    expect(epochs).toEqual(['0 at 2 of 3', '1 at 3 of 3', '0 at 1 of 2']);
  });

  it.each([
    [{ totalSteps: 0 }, 'totalSteps is 0; it must be a positive integer'],
    [{ totalSteps: 2.5 }, 'totalSteps is 2.5; it must be a positive integer'],
    [{ stepsPerEpoch: -1 }, 'stepsPerEpoch is -1; it must be a positive integer'],
    [{ firstStep: 10 }, 'firstStep is 10; it must be an integer in [0, 9]'],
  ])('refuses %o', async (options, message) => {
    await expect(train({ name: 'idle' }, options)).rejects.toThrow(
      new RangeError(`runTraining: ${message}.`),
    );
  });
});
