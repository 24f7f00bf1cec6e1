export { InferenceError } from './errors.ts';
export type { InferenceErrorCode } from './errors.ts';
export type { Ensemble, PredictOptions } from './ensemble.ts';
export { loadEnsemble } from './load-ensemble.ts';
export type { LoadOptions } from './options.ts';
export type { Device, DeviceRequest } from './session.ts';
export type { Durations, EnsembleStats, FailureReason } from './stats.ts';
export type { Tensor, TensorData, Tensors } from './tensor.ts';
