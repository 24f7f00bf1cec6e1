import { checkOptions } from '@snapshot-ensemble/options';
import type { Schedule } from '@snapshot-ensemble/schedules';
import type { Progress, TrainingCallback } from '../protocol.ts';

export interface LangevinNoiseOptions {
  /** The schedule that training follows: the noise shrinks with the learning rate. */
  readonly schedule: Schedule;
  /** Training rows: the loss is their mean, the posterior has their sum. */
  readonly rows: number;
  /** 1 samples the posterior; below it is colder. Default 1. */
  readonly temperature?: number;
  /** Steps with noise: the sampling stage of each cycle, as opposed to exploration. Default all. */
  readonly isSampling?: (progress: Progress) => boolean;
  readonly seed: number;
}

/**
 * Makes Langevin dynamics of SGD: after an update at learning rate `lr`, noise of variance 2 · lr · temperature / rows.
 * With snapshots `lastEpochs(n)` of each cycle, cyclical SG-MCMC: Zhang et al. 2020, algorithm 1.
 */
export function langevinNoise(options: LangevinNoiseOptions): TrainingCallback {
  checkOptions('langevinNoise', options, {
    ...{ schedule: true, rows: true, temperature: true, isSampling: true, seed: true },
  });
  const { schedule, rows, temperature = 1, isSampling = () => true } = options;
  let { seed } = options;
  if (!(rows > 0 && temperature >= 0)) {
    throw new RangeError(
      `langevinNoise: rows is ${rows} and temperature ${temperature}; expected rows above 0 and a temperature of 0 or more.`,
    );
  }
  return {
    name: 'langevin-noise',
    onStepEnd: (at, trainer) => {
      if (!isSampling(at)) return;
      if (!trainer.perturbWeights) {
        throw new TypeError(
          'langevinNoise: this trainer has no perturbWeights to add the noise with.',
        );
      }
      const variance = (2 * schedule(at.step) * temperature) / rows;
      // A seed of its own for each step, so that a resumed run repeats the noise of the uncut one.
      trainer.perturbWeights(Math.sqrt(variance), seed + at.step);
    },
    // A resumed run continues the noise it began with, regardless of the seed it is given.
    onTrainBegin() {
      ({ seed } = options);
    },
    saveState: () => ({ json: { seed } }),
    restoreState({ json }) {
      ({ seed } = json as { readonly seed: number });
    },
  };
}
