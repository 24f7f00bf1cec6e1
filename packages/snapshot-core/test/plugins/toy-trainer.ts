import type { Metrics, Trainer, TrainingCallback } from '../../src/protocol.ts';
import type { NamedTensor } from '../../src/tensor.ts';
import { readTensors, tensorStream } from '../../src/testing/tensors.ts';

export interface ToyRun {
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  readonly firstStep?: number;
  readonly metricsOf?: (step: number, toy: Toy) => Metrics;
}

/** A model of one weight that falls down a parabola, and a loop that calls a callback as the protocol says. */
export interface Toy extends Trainer {
  /** The weight; the loss is its square. */
  readonly weight: Float32Array;
  readonly learningRates: number[];
  batchNormRefreshes: number;
  train(callback: TrainingCallback, run: ToyRun): Promise<void>;
}

export function toyTrainer(start = 1): Toy {
  const weight = Float32Array.of(start);
  const spec = { name: 'w', dtype: 'float32' as const, shape: [1] };
  const learningRates: number[] = [];
  let learningRate = 0;
  let stopRequests = 0;

  const toy: Toy = {
    weight,
    learningRates,
    batchNormRefreshes: 0,
    model: { format: 'toy', topology: null, weights: [spec] },
    setLearningRate(rate) {
      learningRate = rate;
    },
    readWeights: () => tensorStream([{ ...spec, data: weight.slice() }]),
    async writeWeights(weights) {
      const [first] = (await readTensors(weights)) as readonly (NamedTensor | undefined)[];
      weight.set(first?.data as Float32Array);
    },
    refreshBatchNorm() {
      toy.batchNormRefreshes += 1;
      return Promise.resolve();
    },
    stop() {
      stopRequests += 1;
    },
    async train(callback, { totalSteps, stepsPerEpoch, firstStep = 0, metricsOf }) {
      const at = (step: number) => ({
        step,
        epoch: Math.floor(step / stepsPerEpoch),
        totalSteps,
        stepsPerEpoch,
      });
      const metrics = (step: number): Metrics =>
        metricsOf?.(step, toy) ?? { loss: weight[0]! * weight[0]! };
      const requestsBefore = stopRequests;
      await callback.onTrainBegin?.(at(firstStep), toy);
      let step = firstStep;
      for (; step < totalSteps && stopRequests === requestsBefore; step += 1) {
        await callback.onStepBegin?.(at(step), toy);
        const before = metrics(step);
        weight[0]! -= learningRate * 2 * weight[0]!;
        learningRates.push(learningRate);
        const readMetrics = (): Promise<Metrics> => Promise.resolve(before);
        await callback.onStepEnd?.({ ...at(step), readMetrics }, toy);
        if ((step + 1) % stepsPerEpoch === 0) {
          await callback.onEpochEnd?.({ ...at(step), metrics: metrics(step) }, toy);
        }
      }
      await callback.onTrainEnd?.({ ...at(step), stopped: step < totalSteps }, toy);
    },
  };
  return toy;
}
