import type { TrainingCallback } from '@snapshot-ensemble/snapshot-core';

import { TfjsAdapterError } from './errors.ts';
import { frameGiver } from './frame-giver.ts';
import { type ProtocolRun, protocolRun, type RunExtent } from './protocol-run.ts';
import { readMetrics } from './read-metrics.ts';
import { type FitParams, stepsPerEpochOf } from './steps-of-fit.ts';
import type { LayersModel, Tensor, Tf, TfjsCallback } from './tf.ts';
import { type TfjsTrainer, tfjsTrainer, type TfjsTrainerOptions } from './trainer.ts';

export interface ToTfjsCallbackOptions extends TfjsTrainerOptions {
  /** The run's step at which this fit begins. Default: `initialEpoch` × steps per epoch. */
  readonly firstStep?: number;
  /** Batches in an epoch, where `fitDataset` cannot know them. */
  readonly stepsPerEpoch?: number;
  /** Lets the browser draw a frame after a step, at most this often. Default 125, as tfjs does without callbacks. */
  readonly yieldEveryMs?: number;
}

/**
 * Returns any protocol callback as a `tf.Callback` for `fit` and `fitDataset`: alone, or in an array whose other
 * entries are `tf.Callback`s as well (`tf.callbacks.earlyStopping()`, `new tf.CustomCallback({ … })`). The
 * optimizer's own learning rate is back after training.
 */
export function toTfjsCallback(
  tf: Tf,
  callback: TrainingCallback,
  options: ToTfjsCallbackOptions = {},
): TfjsCallback {
  return tfjsCallbackOf(tf, () => callback, options);
}

/** Returns the protocol callback for one call of `fit`, whose extent is known by then. */
export type CallbackOfRun = (run: RunExtent, trainer: TfjsTrainer) => TrainingCallback;

type Logs = Readonly<Record<string, number | Tensor>>;

/** One call of `fit`; its run begins with its first epoch. */
interface Fit {
  readonly trainer: TfjsTrainer;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  run?: ProtocolRun;
}

/** As `toTfjsCallback`, for a callback that depends on the extent of the run. */
export function tfjsCallbackOf(
  tf: Tf,
  callbackOf: CallbackOfRun,
  options: ToTfjsCallbackOptions,
): TfjsCallback {
  const giveFrame = frameGiver(tf, options.yieldEveryMs);
  let fit: Fit | undefined;
  const leave = (): void => {
    fit?.trainer.restoreLearningRate();
    fit = undefined;
  };
  const inFit = async (hook: (fit: Fit) => Promise<void> | undefined): Promise<void> => {
    try {
      if (fit) await hook(fit);
    } catch (error) {
      // tfjs calls no hook after one that threw.
      leave();
      throw error;
    }
  };

  // The one form that tfjs calls with the right `this`, in arrays too, and that does not read the loss back at every
  // batch. It turns off tfjs's own yielding to the browser, which giveFrame makes up for.
  class ProtocolCallback extends tf.Callback {
    override async onTrainBegin(): Promise<void> {
      // Where something else threw in the fit before, nobody told us.
      leave();
      fit = await beginFit(tf, this, options);
    }
    override onEpochBegin(epoch: number): Promise<void> {
      return inFit(async (begun) => {
        // Not sooner: fitDataset hides its initialEpoch until now, and tfjs takes back a stop() in onTrainBegin.
        begun.run ??= beginRun(callbackOf, begun, epoch, options.firstStep);
        await begun.run.beginEpoch(epoch);
      });
    }
    override onBatchBegin(): Promise<void> {
      return inFit(({ run }) => run?.beginStep());
    }
    override async onBatchEnd(_batch: number, logs?: Logs): Promise<void> {
      await inFit(({ run }) => run?.endStep(() => readMetrics(logs)));
      await giveFrame();
    }
    override onEpochEnd(_epoch: number, logs?: Logs): Promise<void> {
      return inFit(({ run }) => run?.endEpoch(() => readMetrics(logs)));
    }
    override async onTrainEnd(): Promise<void> {
      await inFit(({ run }) => run?.end());
      leave();
    }
  }
  return new ProtocolCallback();
}

function beginFit(
  tf: Tf,
  { model, params }: { readonly model?: LayersModel | null; readonly params?: unknown },
  options: ToTfjsCallbackOptions,
): Promise<Fit> {
  if (!model) {
    throw new TfjsAdapterError(
      'callback-order',
      'tfjs runs this callback without its model, because the first entry of `callbacks` is a plain object. Put this callback ' +
        'first and wrap plain objects: callbacks: [thisCallback, new tf.CustomCallback({ onEpochEnd })].',
    );
  }
  const stepsPerEpoch = stepsPerEpochOf(params as FitParams, options.stepsPerEpoch);
  const trainer = tfjsTrainer(tf, model, undefined, options);
  return Promise.resolve({ trainer, epochs: (params as FitParams).epochs, stepsPerEpoch });
}

function beginRun(
  callbackOf: CallbackOfRun,
  { trainer, epochs, stepsPerEpoch }: Fit,
  firstEpoch: number,
  firstStep: number = firstEpoch * stepsPerEpoch,
): ProtocolRun {
  const totalSteps = firstStep + (epochs - firstEpoch) * stepsPerEpoch;
  const extent: RunExtent = { firstStep, firstEpoch, totalSteps, stepsPerEpoch };
  return protocolRun(callbackOf(extent, trainer), trainer, extent);
}
