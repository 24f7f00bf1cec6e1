export { availableCores, coreBudget } from './cores/budget.ts';
export type { CoreBudget } from './cores/budget.ts';
export { InferenceError } from './errors.ts';
export type { InferenceErrorCode } from './errors.ts';
export type { Ensemble, PredictOptions, Prediction } from './ensemble.ts';
export type { Device, DeviceRequest } from './executor/port.ts';
export type { OrtModule } from './executor/ort-module.ts';
export { loadEnsemble } from './load-ensemble.ts';
export type {
  BatchingOptions,
  CommonOptions,
  ExecutorKind,
  LoadOptions,
  Settings,
} from './options.ts';
export type {
  BatchStats,
  Durations,
  EnsembleStats,
  FailureReason,
  WorkerState,
  WorkerStats,
} from './stats.ts';
export { top } from './top.ts';
export type { RankedClass } from './top.ts';
export { tune } from './tune/tune.ts';
export type { Measured, TuneOptions, TuneResult } from './tune/tune.ts';
export type { Choice, Mode, Tuning } from './tune/tuning.ts';
export type { Inputs, InputTensor, Tensor, TensorArrays, TensorData, Tensors } from './tensor.ts';
