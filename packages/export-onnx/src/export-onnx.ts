import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import { buildModel } from './build-model.ts';
import { dtypeCodes, type DType } from './onnx/dtype.ts';
import { encodeModel } from './onnx/encode.ts';
import { bytesOf } from './onnx/file.ts';
import type { Shape, ValueInfo } from './onnx/model.ts';
import { settingsOf, type ExportOptions } from './options.ts';

/** An input or output of an exported graph. */
export interface ExportedTensor {
  readonly name: string;
  readonly dtype: DType;
  /** Numbers where exact, names where only the run decides; the batch is `N`. */
  readonly shape: Shape;
}

export interface ExportedModel {
  /** The ONNX file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly inputs: readonly ExportedTensor[];
  readonly outputs: readonly ExportedTensor[];
}

/**
 * A tfjs layers model as an ONNX file below 2 GiB; the same artifacts give the same bytes. Throws `ExportError`:
 * `unsupported-model` lists all layers that have no ONNX equal.
 */
export function exportOnnx(artifacts: ModelArtifacts, options: ExportOptions = {}): ExportedModel {
  const model = buildModel(artifacts, settingsOf(options));
  return {
    bytes: bytesOf(encodeModel(model)),
    inputs: model.graph.inputs.map(exportedTensor),
    outputs: model.graph.outputs.map(exportedTensor),
  };
}

export function exportedTensor({ name, dtype, shape }: ValueInfo): ExportedTensor {
  const found = (Object.keys(dtypeCodes) as DType[]).find((key) => dtypeCodes[key] === dtype);
  return { name, dtype: found!, shape: shape! };
}
