import { checkOptions, type KnownOptions } from '@snapshot-ensemble/options';
import type { TrainingCallback } from '@snapshot-ensemble/snapshot-core';

import { checkTf } from './check-tf.ts';
import { TfjsAdapterError } from './errors.ts';
import { frameGiver } from './frame-giver.ts';
import { ours, refuseMixed } from './mixed-callbacks.ts';
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

/** Every option of `toTfjsCallback`. */
export const knownFitOptions: KnownOptions<ToTfjsCallbackOptions> = {
  ...{ setLearningRate: true, batchNormData: true },
  ...{ firstStep: true, stepsPerEpoch: true, yieldEveryMs: true },
};

/**
 * Returns any protocol callback as a `tf.Callback` for `fit` and `fitDataset`: alone, or in an array whose other
 * entries are `tf.Callback`s as well (`tf.callbacks.earlyStopping()`); `tfjsCallbacks` puts plain objects beside it,
 * and `fit` rejects an array that mixes them without, before the first step. The optimizer's own learning rate is
 * restored after training.
 */
export function toTfjsCallback(
  tf: Tf,
  callback: TrainingCallback,
  options: ToTfjsCallbackOptions = {},
): TfjsCallback {
  checkTf('toTfjsCallback', tf);
  checkOptions('toTfjsCallback', options, knownFitOptions);
  return tfjsCallbackOf(tf, () => callback, options);
}

/** Returns the callback of a run, whose extent is known by now. */
export type CallbackOfRun = (run: RunExtent, trainer: TfjsTrainer) => TrainingCallback;

type Logs = Readonly<Record<string, number | Tensor>>;

/** One call of `fit`; its run begins with its first epoch. */
interface Fit {
  readonly trainer: TfjsTrainer;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Whether somebody has asked for an end. */
  readonly isStopping: () => boolean;
  run?: ProtocolRun;
}

/** As `toTfjsCallback`, for a callback that depends on the extent of the run. */
export function tfjsCallbackOf(
  tf: Tf,
  callbackOf: CallbackOfRun,
  options: ToTfjsCallbackOptions,
): TfjsCallback {
  refuseMixed(tf);
  const giveFrame = frameGiver(tf, options.yieldEveryMs);
  let fit: Fit | undefined;
  const failFit = async (): Promise<void> => {
    const failed = fit;
    fit = undefined;
    failed?.trainer.restoreLearningRate();
    await failed?.run?.fail();
  };
  const inFit = async (hook: (fit: Fit) => Promise<void> | undefined): Promise<void> => {
    try {
      if (fit) await hook(fit);
    } catch (error) {
      // tfjs calls no hook after one that threw.
      await failFit();
      throw error;
    }
  };

  // The one form that tfjs calls with the right `this`, in arrays too, and that does not read the loss back at every
  // batch. It turns off tfjs's own yielding to the browser, which giveFrame makes up for.
  class ProtocolCallback extends tf.Callback {
    readonly [ours] = true;
    override async onTrainBegin(): Promise<void> {
      // Where something else threw in the fit before, nobody told us.
      await failFit();
      fit = await beginFit(tf, this, options);
    }
    override onEpochBegin(epoch: number): Promise<void> {
      return inFit(async (begun) => {
        // Not sooner: fitDataset hides its initialEpoch until now, and tfjs takes back a stop() in onTrainBegin.
        await (begun.run ?? beginRun(callbackOf, begun, epoch, options.firstStep)).beginEpoch(
          epoch,
        );
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
      await inFit(async ({ run, trainer }) => {
        await run?.end();
        trainer.restoreLearningRate();
        fit = undefined;
      });
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
      'other-tfjs',
      'tfjs runs this callback without its model, as it does with a callback of another copy of TensorFlow.js. ' +
        'Pass the module that made the model as `tf`, and the callback itself in `callbacks`.',
    );
  }
  const stepsPerEpoch = stepsPerEpochOf(params as FitParams, options.stepsPerEpoch);
  const { setLearningRate, batchNormData } = options;
  const trainer = {
    ...tfjsTrainer(tf, model, undefined, {
      ...(setLearningRate && { setLearningRate }),
      ...(batchNormData && { batchNormData }),
    }),
    isTraining: whetherFitting(model as unknown as FitState),
  };
  const isStopping = (): boolean => model.stopTraining;
  const { epochs } = params as FitParams;
  return Promise.resolve({ trainer, epochs, stepsPerEpoch, isStopping });
}

/** What a model knows about the fit that runs on it. */
interface FitState {
  readonly isTraining: boolean;
  /** New for each fit. */
  readonly history: unknown;
}

/** Whether the fit that has just begun still runs. If something other than our hooks throws in it, tfjs tells nobody. */
function whetherFitting(model: FitState): () => boolean {
  const { history } = model;
  return () => model.isTraining && model.history === history;
}

function beginRun(
  callbackOf: CallbackOfRun,
  fit: Fit,
  firstEpoch: number,
  givenStep: number | undefined,
): ProtocolRun {
  const { trainer, epochs, stepsPerEpoch } = fit;
  const firstStep = givenStep ?? firstEpoch * stepsPerEpoch;
  const totalSteps = firstStep + (epochs - firstEpoch) * stepsPerEpoch;
  const extent: RunExtent = { firstStep, firstEpoch, totalSteps, stepsPerEpoch };
  const callback = callbackOf(extent, trainer);
  fit.run = protocolRun(callback, trainer, extent, { isStopping: fit.isStopping });
  return fit.run;
}
