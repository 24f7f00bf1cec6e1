export { InferenceError } from './errors.ts';
export type { InferenceErrorCode } from './errors.ts';
export type { Ensemble, PredictOptions, Prediction } from './ensemble.ts';
export { loadEnsemble } from './load-ensemble.ts';
export type { LoadOptions } from './options.ts';
export type { Device, DeviceRequest, OrtModule } from './session.ts';
export type { Durations, EnsembleStats, FailureReason } from './stats.ts';
export type { Inputs, InputTensor, Tensor, TensorArrays, TensorData, Tensors } from './tensor.ts';
