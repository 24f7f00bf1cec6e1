import { checkOptions } from '@snapshot-ensemble/options';
import type { Trainer, TrainingCallback } from '../protocol.ts';
import { weightAverage } from './weight-average.ts';

interface Common {
  /** First step whose result counts. Default 0. */
  readonly fromStep?: number;
}

/** Every `everySteps` steps, all equal: stochastic weight averaging. Izmailov et al. 2018, algorithm 1. */
export interface EqualAverage extends Common {
  readonly kind: 'equal';
  /** Default one epoch. */
  readonly everySteps?: number;
}

/** Exponential moving average: mean ← decay · mean + (1 − decay) · weights. Polyak & Juditsky 1992. */
export interface ExponentialAverage extends Common {
  readonly kind: 'exponential';
  /** In (0, 1), e.g. 0.999. */
  readonly decay: number;
  /** Reading weights waits for the device. Default 1. */
  readonly everySteps?: number;
}

export type AverageWeightsOptions = EqualAverage | ExponentialAverage;

/**
 * Averages the weights during training; at the end the model gets the average and its batch-norm statistics are
 * recomputed; members and checkpoints of the last step are saved before that. Do not average across a restart: weights
 * from two cycles are in different valleys, and between those the loss is high; `greedySoup` averages members safely.
 */
export function averageWeights(options: AverageWeightsOptions): TrainingCallback {
  checkOptions('averageWeights', options, {
    ...{ kind: true, fromStep: true, everySteps: true, decay: true },
  });
  const { kind, fromStep = 0, everySteps } = options;
  check(options);
  let average = weightAverage();
  let count = 0;

  const add = async (trainer: Trainer): Promise<void> => {
    count += 1;
    const share = kind === 'equal' ? 1 / count : 1 - options.decay;
    await average.add(trainer.readWeights(), share);
  };

  return {
    name: 'average-weights',
    onTrainBegin() {
      average = weightAverage();
      count = 0;
    },
    onStepEnd({ step, stepsPerEpoch }, trainer) {
      const interval = everySteps ?? (kind === 'equal' ? stepsPerEpoch : 1);
      if (step < fromStep || (step + 1) % interval !== 0) return undefined;
      return add(trainer);
    },
    async onTrainEnd({ outcome }, trainer) {
      if (count > 0 && outcome !== 'failed') {
        await trainer.writeWeights(average.read());
        await trainer.refreshBatchNorm?.();
      }
      average = weightAverage();
      count = 0;
    },
    saveState: () => ({ json: { count }, tensors: average.state() }),
    restoreState({ json, tensors = [] }) {
      ({ count } = json as { readonly count: number });
      average = weightAverage();
      average.restore(tensors);
    },
  };
}

function check(options: AverageWeightsOptions): void {
  const { fromStep = 0, everySteps = 1 } = options;
  for (const [name, value, least] of [
    ['fromStep', fromStep, 0],
    ['everySteps', everySteps, 1],
  ] as const) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new RangeError(
      `averageWeights: ${name} is ${value}; expected a whole number from ${least} up.`,
    );
  }
  if (options.kind === 'exponential' && !(options.decay > 0 && options.decay < 1)) {
    throw new RangeError(`averageWeights: decay is ${options.decay}; expected a number in (0, 1).`);
  }
}
