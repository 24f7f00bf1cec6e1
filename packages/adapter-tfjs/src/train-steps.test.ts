import type { TrainingCallback } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

import { clusters, useBackend, recorder, tinyModel, weightValues } from '../test/tiny.ts';
import { tfjsTrainer } from './trainer.ts';
import { trainSteps } from './train-steps.ts';

beforeAll(useBackend);

/** The loss of a model on some rows, for `optimizer.minimize`. */
function lossOf(model: tf.LayersModel, xs: tf.Tensor, ys: tf.Tensor): () => tf.Scalar {
  return () => tf.losses.softmaxCrossEntropy(ys, model.apply(xs) as tf.Tensor);
}

function handWritten(optimizer: tf.Optimizer = tf.train.sgd(0.1)): {
  trainer: ReturnType<typeof tfjsTrainer>;
  step: () => tf.Scalar;
  model: tf.LayersModel;
} {
  const model = tinyModel();
  const { xs, ys } = clusters(30);
  const step = (): tf.Scalar => optimizer.minimize(lossOf(model, xs, ys), true)!;
  return { trainer: tfjsTrainer(tf, model, optimizer), step, model };
}

describe('trainSteps', () => {
  it('calls the hooks around each step, and at the ends of epochs', async () => {
    const { callback, lines } = recorder();
    const { trainer, step } = handWritten();
    const result = await trainSteps(
      tf,
      { trainer, callback },
      { totalSteps: 3, stepsPerEpoch: 2, step },
    );
    expect(result).toEqual({ step: 3, stopped: false });
    expect(lines).toEqual([
      'begin 0/3',
      'step 0',
      'made 0',
      'step 1',
      'made 1',
      'epoch 0 after 1',
      'step 2',
      'made 2',
      'epoch 1 after 2',
      'end 3/3',
    ]);
  });

  it('goes on at firstStep', async () => {
    const { callback, lines } = recorder();
    const { trainer, step } = handWritten();
    await trainSteps(
      tf,
      { trainer, callback },
      { totalSteps: 5, stepsPerEpoch: 2, firstStep: 3, step },
    );
    expect([lines[0], lines.at(-1)]).toEqual(['begin 3/5', 'end 5/5']);
    expect(lines).toContain('epoch 1 after 3');
  });

  it.each<[string, (abort: () => void) => TrainingCallback]>([
    [
      'a callback',
      () => ({
        name: 'stop',
        onStepEnd: ({ step }, trainer) => {
          if (step === 1) trainer.stop();
        },
      }),
    ],
    [
      'a signal',
      (abort) => ({
        name: 'abort',
        onStepEnd: ({ step }) => {
          if (step === 1) abort();
        },
      }),
    ],
  ])('stops after the step at hand when %s asks', async (_, make) => {
    const controller = new AbortController();
    const { trainer, step } = handWritten();
    const callback = make(() => {
      controller.abort();
    });
    const options = { totalSteps: 9, step, signal: controller.signal };
    expect(await trainSteps(tf, { trainer, callback }, options)).toEqual({
      step: 2,
      stopped: true,
    });
  });

  it('hands out the losses of a step and disposes of them', async () => {
    const losses: number[] = [];
    const callback: TrainingCallback = {
      name: 'losses',
      onStepEnd: async (result) => void losses.push((await result.readMetrics())['loss']!),
    };
    const { trainer, step } = handWritten();
    const { numTensors } = tf.memory();
    await trainSteps(tf, { trainer, callback }, { totalSteps: 6, step });
    expect(losses[5]).toBeLessThan(losses[0]!);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('hands out what evaluate says at the end of an epoch', async () => {
    const said: number[] = [];
    const callback: TrainingCallback = {
      name: 'epochs',
      onEpochEnd: ({ metrics }) => void said.push(metrics['score']!),
    };
    const { trainer, step } = handWritten();
    const evaluate = ({ epoch }: { epoch: number }): { score: number } => ({ score: epoch * 10 });
    await trainSteps(
      tf,
      { trainer, callback },
      { totalSteps: 4, stepsPerEpoch: 2, step, evaluate },
    );
    expect(said).toEqual([0, 10]);
  });

  it('counts an update of accumulated gradients as one step', async () => {
    const { xs, ys } = clusters(30);
    const optimizer = tf.train.sgd(0.1);
    const [accumulated, whole] = [tinyModel(), tinyModel()];
    const { callback, lines } = recorder();
    const step = (): undefined => {
      tf.tidy(() => {
        const parts = [0, 10, 20].map(
          (start) =>
            tf.variableGrads(
              lossOf(accumulated, xs.slice(start, 10), ys.slice(start, 10)),
              variablesOf(accumulated),
            ).grads,
        );
        const mean = Object.fromEntries(
          Object.keys(parts[0]!).map((name) => [
            name,
            tf.addN(parts.map((part) => part[name]!)).div(3),
          ]),
        );
        optimizer.applyGradients(mean);
        return undefined;
      });
    };
    const trainer = tfjsTrainer(tf, accumulated, optimizer);
    await trainSteps(tf, { trainer, callback }, { totalSteps: 2, step });
    const reference = tf.train.sgd(0.1);
    for (let i = 0; i < 2; i += 1)
      reference.minimize(lossOf(whole, xs, ys), false, variablesOf(whole));
    expect(lines.filter((line) => line.startsWith('made'))).toEqual(['made 0', 'made 1']);
    weightValues(accumulated)
      .flat()
      .forEach((value, index) => {
        expect(value).toBeCloseTo(weightValues(whole).flat()[index]!, 5);
      });
  });

  it('trains several models, each with its own optimizer and callback', async () => {
    const parts = [handWritten(tf.train.sgd(0.1)), handWritten(tf.train.adam(0.2))];
    const rates: number[] = [];
    const at = (learningRate: number): TrainingCallback => ({
      name: 'set',
      onStepBegin: (_, trainer) => {
        trainer.setLearningRate(learningRate);
      },
      onStepEnd: () => void rates.push(learningRate),
    });
    const trained = parts.map(({ trainer }, index) => ({ trainer, callback: at(index + 1) }));
    await trainSteps(tf, trained, {
      totalSteps: 2,
      step: () => ({ first: parts[0]!.step(), second: parts[1]!.step() }),
    });
    expect(rates).toEqual([1, 2, 1, 2]);
    expect(parts.map(({ trainer }) => trainer.initialLearningRate)).toEqual([0.1, 0.2]);
  });

  it('puts the learning rate back, after an error too', async () => {
    const optimizer = tf.train.sgd(0.1);
    const { trainer } = handWritten(optimizer);
    const callback: TrainingCallback = {
      name: 'set',
      onStepBegin: (_, own) => {
        own.setLearningRate(5);
      },
    };
    const step = (): never => {
      throw new Error('no data');
    };
    await expect(trainSteps(tf, { trainer, callback }, { totalSteps: 2, step })).rejects.toThrow(
      'no data',
    );
    expect(optimizer.getConfig()['learningRate']).toBe(0.1);
  });

  it.each([
    [{ totalSteps: 0 }],
    [{ totalSteps: 2.5 }],
    [{ totalSteps: 2, stepsPerEpoch: 0 }],
    [{ totalSteps: 2, firstStep: 3 }],
    [{ totalSteps: 2, firstStep: -1 }],
  ])('refuses %j', async (options) => {
    const { trainer, step } = handWritten();
    const { callback } = recorder();
    await expect(trainSteps(tf, { trainer, callback }, { ...options, step })).rejects.toThrow(
      RangeError,
    );
  });
});

function variablesOf(model: tf.LayersModel): tf.Variable[] {
  return model.trainableWeights.map((weight) => weight.read()) as unknown as tf.Variable[];
}
