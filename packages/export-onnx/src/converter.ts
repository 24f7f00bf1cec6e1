/*
 * The toolkit for converters of your own layers: `exportOnnx(artifacts, { converters: { ...layerConverters, Mine: … } })`.
 * CONVERTERS.md builds two of them.
 */
export { anyLayout } from './layers/layer.ts';
export type {
  InnerLayer,
  Layer,
  LayerConverter,
  LayerConverters,
  StateMemory,
} from './layers/layer.ts';
export { activationOf, activations } from './layers/activations.ts';
export type { Activation, ActivationName } from './layers/activations.ts';
export type { Config } from './keras/config.ts';
export type { JsonObject } from './artifacts/json.ts';
export { Refusal } from './graph/refusal.ts';
export type { Attributes, GraphBuilder, OutputSpec, PortSpec } from './graph/builder.ts';
export type { Layout, Value } from './graph/value.ts';
export {
  binary,
  broadcast,
  cast,
  compare,
  concat,
  exactDim,
  matMul,
  reduce,
  reshape,
  scalar,
  slice,
  split,
  squeeze,
  transpose,
  unary,
  unsqueeze,
  withMask,
} from './graph/ops.ts';
export { channelsFirst, plain } from './graph/layout.ts';
export { float, floats, int, ints, string, strings } from './onnx/model.ts';
export type { Attribute, Dim, Graph, Shape } from './onnx/model.ts';
export type { DType } from './onnx/dtype.ts';
export { derived, float32, int64, reshaped, tensorData, transposed } from './onnx/tensor-data.ts';
export type { TensorData } from './onnx/tensor-data.ts';
