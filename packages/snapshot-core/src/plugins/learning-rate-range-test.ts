import { checkOptions } from '@snapshot-ensemble/options';
import type { CallbackState, Trainer, TrainingCallback } from '../protocol.ts';
import type { NamedTensor, Weights } from '../tensor.ts';
import {
  suggestLearningRate,
  type LearningRateRange,
  type RangePoint,
} from './learning-rate-range.ts';
import { metricOf } from './metric.ts';

export interface LearningRateRangeTestOptions {
  /** Takes what the test found, once the weights are back. */
  readonly onResult: (range: LearningRateRange) => void;
  /** Learning rate of the first step. Default 1e-6. */
  readonly lrStart?: number;
  /** Learning rate of the last step. Default 1. */
  readonly lrEnd?: number;
  /** Steps to make, at rates that grow by a constant factor. Default 100. */
  readonly steps?: number;
  /** The metric watched. Default `loss`. */
  readonly metric?: string;
  /** Share of the past in the smoothed loss, in [0, 1). Default 0.9. */
  readonly smoothing?: number;
  /** The test ends when the smoothed loss exceeds this multiple of its lowest value. Default 4. */
  readonly divergence?: number;
}

interface Sweep {
  readonly firstStep: number;
  readonly weights: Weights;
  readonly optimizer: Weights;
  readonly points: RangePoint[];
  divergedAt: number | undefined;
}

/**
 * Finds `lrInit`: raises the learning rate from step to step until the loss grows out of bounds, then stops training,
 * restores weights and optimizer, and suggests a value. Smith 2017, §3.3.
 */
export function learningRateRangeTest(options: LearningRateRangeTestOptions): TrainingCallback {
  checkOptions('learningRateRangeTest', options, {
    ...{ onResult: true, lrStart: true, lrEnd: true, steps: true },
    ...{ metric: true, smoothing: true, divergence: true },
  });
  const { onResult, lrStart = 1e-6, lrEnd = 1, steps = 100 } = options;
  const { metric = 'loss', smoothing = 0.9, divergence = 4 } = options;
  check({ lrStart, lrEnd, steps, smoothing, divergence });
  const rateAt = (index: number): number => lrStart * (lrEnd / lrStart) ** (index / (steps - 1));
  let sweep: Sweep | undefined;

  return {
    name: 'learning-rate-range-test',
    async onTrainBegin({ step }, trainer) {
      sweep = {
        firstStep: step,
        weights: await copyOf(trainer.readWeights()),
        optimizer: trainer.readOptimizer === undefined ? [] : await copyOf(trainer.readOptimizer()),
        points: [],
        divergedAt: undefined,
      };
    },
    onStepBegin({ step, totalSteps }, trainer) {
      if (sweep === undefined) return;
      const index = step - sweep.firstStep;
      // Not sooner: only now is a resumed test back at the step where it began.
      if (index < steps && totalSteps - step < steps - index) {
        throw new RangeError(
          `learningRateRangeTest: the run has ${totalSteps - step} steps left; the test needs ${steps - index}.`,
        );
      }
      trainer.setLearningRate(rateAt(Math.min(index, steps - 1)));
    },
    async onStepEnd(result, trainer) {
      if (sweep === undefined) return;
      const { points, firstStep } = sweep;
      const index = result.step - firstStep;
      if (index >= steps || sweep.divergedAt !== undefined) return;
      const loss = metricOf(await result.readMetrics(), metric, 'learningRateRangeTest: a step');
      const point = smoothed(points, rateAt(index), loss, smoothing);
      const lowest = Math.min(...points.map(({ smoothedLoss }) => smoothedLoss));
      if (!Number.isFinite(loss) || point.smoothedLoss > divergence * lowest) {
        sweep.divergedAt = point.learningRate;
      } else {
        points.push(point);
      }
      if (sweep.divergedAt !== undefined || index + 1 === steps) trainer.stop();
    },
    async onTrainEnd({ outcome }, trainer) {
      const ended = sweep;
      sweep = undefined;
      if (ended === undefined || outcome === 'failed') return;
      await restore(trainer, ended);
      onResult(suggestLearningRate(ended.points, ended.divergedAt));
    },
    saveState: () => stateOf(sweep),
    restoreState(state) {
      sweep = sweepOf(state);
    },
  };
}

/** Exponential average without the bias of its start. Kingma & Ba 2015, §3. */
function smoothed(
  points: readonly RangePoint[],
  learningRate: number,
  loss: number,
  smoothing: number,
): RangePoint {
  const past = points.at(-1)?.smoothedLoss ?? loss;
  const pastWeight = smoothing * (1 - smoothing ** points.length);
  const weight = 1 - smoothing;
  const smoothedLoss = (past * pastWeight + loss * weight) / (pastWeight + weight);
  return { learningRate, loss, smoothedLoss };
}

const weightPrefix = 'weights/';
const optimizerPrefix = 'optimizer/';

type SavedSweep = Pick<Sweep, 'firstStep'> & {
  readonly points: readonly (readonly [learningRate: number, loss: number, smoothedLoss: number])[];
  readonly divergedAt: number | null;
};

function stateOf(sweep: Sweep | undefined): CallbackState {
  if (sweep === undefined) return { json: null };
  const { firstStep, weights, optimizer, points, divergedAt = null } = sweep;
  const rows = points.map(
    ({ learningRate, loss, smoothedLoss }) => [learningRate, loss, smoothedLoss] as const,
  );
  return {
    json: { firstStep, divergedAt, points: rows } satisfies SavedSweep,
    tensors: [
      ...weights.map((tensor) => ({ ...tensor, name: weightPrefix + tensor.name })),
      ...optimizer.map((tensor) => ({ ...tensor, name: optimizerPrefix + tensor.name })),
    ],
  };
}

function sweepOf({ json, tensors = [] }: CallbackState): Sweep | undefined {
  const saved = json as unknown as SavedSweep | null;
  if (saved === null) return undefined;
  const under = (prefix: string): Weights =>
    tensors
      .filter(({ name }) => name.startsWith(prefix))
      .map((tensor) => ({ ...tensor, name: tensor.name.slice(prefix.length) }));
  return {
    firstStep: saved.firstStep,
    weights: under(weightPrefix),
    optimizer: under(optimizerPrefix),
    points: saved.points.map(([learningRate, loss, smoothedLoss]) => ({
      learningRate,
      loss,
      smoothedLoss,
    })),
    divergedAt: saved.divergedAt ?? undefined,
  };
}

async function restore(trainer: Trainer, { weights, optimizer }: Sweep): Promise<void> {
  await trainer.writeWeights(streamOfTensors(weights));
  await trainer.writeOptimizer?.(streamOfTensors(optimizer));
}

async function copyOf(tensors: AsyncIterable<NamedTensor>): Promise<Weights> {
  const copies: NamedTensor[] = [];
  for await (const tensor of tensors) copies.push(tensor);
  return copies;
}

// eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous for its reader's sake
async function* streamOfTensors(tensors: Weights): AsyncGenerator<NamedTensor> {
  yield* tensors;
}

function check(
  values: Required<
    Pick<LearningRateRangeTestOptions, 'lrStart' | 'lrEnd' | 'steps' | 'smoothing' | 'divergence'>
  >,
): void {
  const { lrStart, lrEnd, steps, smoothing, divergence } = values;
  const faults: readonly (readonly [boolean, string])[] = [
    [lrStart > 0 && lrEnd > lrStart, `0 < lrStart < lrEnd, got ${lrStart} and ${lrEnd}`],
    [Number.isSafeInteger(steps) && steps >= 2, `a whole number of steps from 2 up, got ${steps}`],
    [smoothing >= 0 && smoothing < 1, `smoothing in [0, 1), got ${smoothing}`],
    [divergence > 1, `divergence above 1, got ${divergence}`],
  ];
  const fault = faults.find(([holds]) => !holds);
  if (fault !== undefined) throw new RangeError(`learningRateRangeTest: expected ${fault[1]}.`);
}
