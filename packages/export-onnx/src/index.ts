export { checkParity } from './check-parity.ts';
export type {
  HostTensor,
  HostTensors,
  OrtLike,
  ParityOptions,
  ParityResult,
} from './check-parity.ts';
export { layerConverters } from './converters/index.ts';
export type { InnerLayer, Layer, LayerConverter, LayerConverters } from './converters/types.ts';
export type { Statistic } from './ensemble/statistics.ts';
export { ExportError } from './errors.ts';
export type { ExportErrorCode, UnsupportedLayer } from './errors.ts';
export { exportEnsemble } from './export-ensemble.ts';
export type { EnsembleOptions } from './export-ensemble.ts';
export { exportOnnx } from './export-onnx.ts';
export type { ExportedModel, ExportedTensor } from './export-onnx.ts';
export type { ExportOptions } from './options.ts';
export { parityInputs } from './parity-inputs.ts';
export { readOnnx } from './onnx/read-onnx.ts';
export type { DeclaredTensor, OnnxSummary } from './onnx/read-onnx.ts';
export { writeOnnx } from './write-onnx.ts';
export type { WriteOptions, WrittenModel } from './write-onnx.ts';
export type { LayerClassName } from './converters/index.ts';
export type { SmokeOptions } from './smoke-test.ts';
export type { Policies } from './ensemble/policies.ts';
