import { describe, expect, it } from 'vitest';
import type { Trainer, TrainingCallback } from '../../src/index.ts';
import { trainerContract, type TrainerUnderTest } from '../../src/testing/index.ts';
import { toyTrainer, type Toy } from './toy-trainer.ts';

type Fault = (toy: Toy) => Partial<Toy>;

/** A toy with a fault, or a sound one, as the contract wants it. */
function subject(fault: Fault = () => ({})): TrainerUnderTest {
  return {
    epochs: 3,
    stepsPerEpoch: 3,
    train: (callback, firstStep) => {
      const toy = toyTrainer();
      const refusing: Partial<Trainer> = {
        writeWeights: async (weights) => {
          const all = [];
          for await (const tensor of weights) all.push(tensor);
          if (all.length !== 1 || all[0]?.shape.join() !== '1') throw new TypeError('does not fit');
          toy.weight.set(all[0].data as Float32Array);
        },
      };
      Object.assign(toy, refusing);
      Object.assign(toy, fault(toy));
      return toy.train(callback, { totalSteps: 9, stepsPerEpoch: 3, firstStep });
    },
  };
}

/** Passes a training's calls on, changed. */
const withCallback =
  (change: (callback: TrainingCallback) => Partial<TrainingCallback>): Fault =>
  (toy) => {
    const train = toy.train.bind(toy);
    return { train: (callback, run) => train({ ...callback, ...change(callback) }, run) };
  };

describe('a sound trainer', () => {
  for (const { name, run } of trainerContract(() => subject())) it(name, run);
});

const faults: Readonly<Record<string, readonly [string, Fault]>> = {
  'counts steps by epoch': [
    'calls the hooks in order',
    withCallback((callback) => ({
      onStepBegin: (at, trainer) => callback.onStepBegin?.({ ...at, step: at.step % 3 }, trainer),
    })),
  ],
  'does not wait for hooks': [
    'waits for hooks',
    withCallback((callback) => ({
      onStepEnd: (result, trainer) => void callback.onStepEnd?.(result, trainer),
    })),
  ],
  'swallows errors': [
    'tells everyone of a failure',
    withCallback((callback) => ({
      onStepEnd: async (result, trainer) => {
        await Promise.resolve()
          .then(() => callback.onStepEnd?.(result, trainer))
          .catch(() => undefined);
      },
    })),
  ],
  'does not stop': ['stops after the current step', () => ({ stop: () => undefined })],
  'gives away its own array': [
    'reads copies',
    (toy) => ({
      // eslint-disable-next-line @typescript-eslint/require-await -- the protocol reads weights as a stream
      async *readWeights() {
        yield { name: 'w', dtype: 'float32' as const, shape: [1], data: toy.weight };
      },
    }),
  ],
  'keeps the learning rate of the first step': [
    'obeys the learning rate',
    (toy) => {
      const setLearningRate = toy.setLearningRate.bind(toy);
      let isSet = false;
      return {
        setLearningRate: (rate) => {
          if (!isSet) setLearningRate(rate);
          isSet = true;
        },
      };
    },
  ],
  'lists other weights than it yields': [
    'lists its weights',
    (toy) => ({ model: { ...toy.model, weights: [] } }),
  ],
  'finds weights by name': [
    'writes weights by position',
    (toy) => ({
      writeWeights: async (weights) => {
        for await (const { name, data } of weights) {
          if (name === 'w') toy.weight.set(data as Float32Array);
        }
      },
    }),
  ],
  'takes whatever it gets': [
    'refuses weights that do not fit',
    () => ({
      writeWeights: async (weights) => {
        for await (const { name } of weights) if (name === '') return;
      },
    }),
  ],
  'ignores the seed of the noise': [
    'perturbs weights by seeded noise',
    (toy) => ({
      perturbWeights: (deviation) => {
        toy.weight[0]! += deviation;
      },
    }),
  ],
  'forgets its optimizer': [
    'goes on exactly',
    (toy) => {
      // Momentum that is not saved.
      let velocity = 0;
      const train = toy.train.bind(toy);
      return {
        readOptimizer: () => toy.readWeights(),
        writeOptimizer: () => Promise.resolve(),
        train: (callback, run) =>
          train(
            {
              ...callback,
              onStepEnd: (result, trainer) => {
                velocity = 0.5 * velocity + 0.1;
                toy.weight[0]! -= velocity;
                return callback.onStepEnd?.(result, trainer);
              },
            },
            run,
          ),
      };
    },
  ],
};

describe('a faulty trainer is found out', () => {
  it.each(Object.entries(faults))('that %s', async (_, [caseName, fault]) => {
    const cases = trainerContract(() => subject(fault));
    const found = cases.find(({ name }) => name.startsWith(caseName));
    expect(found).toBeDefined();
    await expect(found?.run()).rejects.toThrow();
  });
});
