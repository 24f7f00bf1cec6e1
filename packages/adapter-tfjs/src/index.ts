export { TfjsAdapterError, type TfjsAdapterErrorCode } from './errors.ts';
export type { InputBatches } from './batch-norm.ts';
export { modelArtifacts } from './model-artifacts.ts';
export type { Inputs, LayersModel, Optimizer, Tensor, Tf, TfjsCallback } from './tf.ts';
export { toTfjsCallback, type ToTfjsCallbackOptions } from './to-tfjs-callback.ts';
export {
  type StepOutcome,
  type TrainedPart,
  trainSteps,
  type TrainStepsOptions,
  type TrainStepsResult,
} from './train-steps.ts';
export { type TfjsTrainer, tfjsTrainer, type TfjsTrainerOptions } from './trainer.ts';
