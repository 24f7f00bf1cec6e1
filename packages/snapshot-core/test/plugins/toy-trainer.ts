import type { Metrics, Trainer, TrainingCallback } from '../../src/protocol.ts';
import type { NamedTensor } from '../../src/tensor.ts';
import { readTensors, tensorStream } from '../../src/testing/tensors.ts';

export interface ToyRun {
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  readonly firstStep?: number;
  /** Whether the loop calls onEpochEnd at all. Default true. */
  readonly hasEpochs?: boolean;
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
    async train(
      callback,
      { totalSteps, stepsPerEpoch, firstStep = 0, metricsOf, hasEpochs = true },
    ) {
      const at = (step: number) => ({
        step,
        epoch: Math.floor(step / stepsPerEpoch),
        totalSteps,
        stepsPerEpoch,
      });
      const metrics = (step: number): Metrics =>
        metricsOf?.(step, toy) ?? { loss: weight[0]! * weight[0]! };
      const requestsBefore = stopRequests;
      let step = firstStep;
      const run = async (): Promise<void> => {
        await callback.onTrainBegin?.(at(firstStep), toy);
        while (step < totalSteps && stopRequests === requestsBefore) {
          const now = at(step);
          await callback.onStepBegin?.(now, toy);
          const before = metrics(step);
          weight[0]! -= learningRate * 2 * weight[0]!;
          learningRates.push(learningRate);
          step += 1;
          const readMetrics = (): Promise<Metrics> => Promise.resolve(before);
          await callback.onStepEnd?.({ ...now, readMetrics }, toy);
          if (step % stepsPerEpoch === 0 && hasEpochs) {
            await callback.onEpochEnd?.({ ...now, metrics: metrics(step - 1) }, toy);
          }
        }
        const outcome = step < totalSteps ? 'stopped' : 'finished';
        await callback.onTrainEnd?.({ ...at(step), outcome }, toy);
      };
      try {
        await run();
      } catch (error) {
        await Promise.resolve(callback.onTrainEnd?.({ ...at(step), outcome: 'failed' }, toy)).catch(
          () => undefined,
        );
        throw error;
      }
    },
  };
  return toy;
}
