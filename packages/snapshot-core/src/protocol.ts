import type { NamedTensor, TensorSpec, Weights } from './tensor.ts';

export type Awaitable<T> = T | Promise<T>;

/** Scalars by name, as the framework names them (`loss`, `acc`, `val_loss`, …). */
export type Metrics = Readonly<Record<string, number>>;

/** What is needed to rebuild the model around a member's weights. */
export interface ModelDescription {
  /** The framework's own format of `topology`, e.g. `tfjs-layers-model`. */
  readonly format: string;
  /** The framework's model JSON; opaque to the core. */
  readonly topology: unknown;
  /** Weights in the order in which `readWeights` yields them. */
  readonly weights: readonly TensorSpec[];
}

/** What a store's run is begun for: one training run. Two training runs are two objects. */
export interface Training {
  /**
   * Whether the training run is still going. For frameworks that may end one without telling anybody; true if left out.
   */
  isTraining?(): boolean;
}

/** What the core asks of a framework. An adapter is one function that returns this, a new one for each training run. */
export interface Trainer extends Training {
  readonly model: ModelDescription;
  setLearningRate(learningRate: number): void;
  /** Host copies, one tensor at a time, never live views. */
  readWeights(): AsyncIterable<NamedTensor>;
  /** By position, as `model.weights` lists them; names may be those of an earlier build of the same model. */
  writeWeights(weights: AsyncIterable<NamedTensor>): Promise<void>;
  /** The optimizer's state, for exact resume. */
  readOptimizer?(): AsyncIterable<NamedTensor>;
  writeOptimizer?(state: AsyncIterable<NamedTensor>): Promise<void>;
  /** Recomputes batch-norm statistics; called after weights were averaged. */
  refreshBatchNorm?(): Promise<void>;
  /** Adds seeded Gaussian noise to the weights on the device (Langevin dynamics). */
  perturbWeights?(standardDeviation: number, seed: number): void;
  /** Asks the training loop to end after the current step. */
  stop(): void;
}

/**
 * Where a run is. `step` counts optimizer updates from 0 over the whole run, never per epoch: in the step
 * hooks it is the current update, in `onEpochEnd` the last update made, in `onTrainBegin` and `onTrainEnd`
 * the next update to come, so that `onTrainEnd` sees `totalSteps` after a full run.
 */
export interface Progress {
  readonly step: number;
  /** The current epoch, counted from 0. */
  readonly epoch: number;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
}

export interface StepResult extends Progress {
  /** Reads the step's metrics from the device. Call it only when needed: it waits for the device. */
  readMetrics(): Promise<Metrics>;
}

export interface EpochResult extends Progress {
  /** Training metrics, and validation metrics where the run has any. */
  readonly metrics: Metrics;
}

/** How a training run ended: after `totalSteps`, earlier because it was asked to stop, or with an error. */
export type TrainOutcome = 'finished' | 'stopped' | 'failed';

export interface TrainResult extends Progress {
  readonly outcome: TrainOutcome;
}

/** What `onTrainBegin` gets. */
export interface TrainBegin extends Progress {
  /** The outermost `chain` that the callback is part of; `chain` sets it. */
  readonly chain?: TrainingCallback;
}

/** Any JSON value. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What a callback needs to continue exactly: kept in the checkpoint. */
export interface CallbackState {
  /** Null for the initial state. Numbers must be finite; write others as text. */
  readonly json: Json;
  /** Names unique within the state. */
  readonly tensors?: Weights;
}

/**
 * Awaited hooks around training, run in the order of the Keras callbacks they are named after. A hook that throws ends
 * training with its error.
 */
export interface TrainingCallback {
  readonly name: string;
  onTrainBegin?(run: TrainBegin, trainer: Trainer): Awaitable<void>;
  onStepBegin?(progress: Progress, trainer: Trainer): Awaitable<void>;
  onStepEnd?(result: StepResult, trainer: Trainer): Awaitable<void>;
  onEpochEnd?(result: EpochResult, trainer: Trainer): Awaitable<void>;
  /**
   * Called whenever the end can be seen. After an error in a hook or in training itself, the outcome is `failed`: free
   * what is held and save nothing, whether or not training had begun.
   */
  onTrainEnd?(result: TrainResult, trainer: Trainer): Awaitable<void>;
  /**
   * Set by callbacks that keep the weights that training ended with: `chain` calls its `onTrainEnd` before the others'.
   */
  readonly endsFirst?: boolean;
  /** What a resumed run needs to continue exactly; good until the next hook. Callbacks without state have neither. */
  saveState?(): Awaitable<CallbackState>;
  /** Restores a saved state, after `onTrainBegin` and before the first step. */
  restoreState?(state: CallbackState): Awaitable<void>;
}
