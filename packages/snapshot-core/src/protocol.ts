import type { NamedTensor, TensorSpec } from './tensor.ts';

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

/** What the core asks of a framework. An adapter is one function that returns this. */
export interface Trainer {
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
 * hooks it is the update at hand, in `onEpochEnd` the last update made, in `onTrainBegin` and `onTrainEnd`
 * the next update to come, so that `onTrainEnd` sees `totalSteps` after a full run.
 */
export interface Progress {
  readonly step: number;
  /** The epoch at hand, counted from 0. */
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

export interface TrainResult extends Progress {
  /** Whether the run ended before `totalSteps`. */
  readonly stopped: boolean;
}

/**
 * Awaited hooks around training, run in the order of the Keras callbacks they are named after. A hook that
 * throws ends the training with its error.
 */
export interface TrainingCallback {
  readonly name: string;
  onTrainBegin?(run: Progress, trainer: Trainer): Awaitable<void>;
  onStepBegin?(progress: Progress, trainer: Trainer): Awaitable<void>;
  onStepEnd?(result: StepResult, trainer: Trainer): Awaitable<void>;
  onEpochEnd?(result: EpochResult, trainer: Trainer): Awaitable<void>;
  /** Also called after `stop()`, but not after an error. */
  onTrainEnd?(result: TrainResult, trainer: Trainer): Awaitable<void>;
}
