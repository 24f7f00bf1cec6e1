import { buildModel, type AnyArtifacts } from './build-model.ts';
import { encodeModel } from './onnx/encode.ts';
import { exportedTensor, type ExportedTensor } from './onnx/exported-tensor.ts';
import { bytesOf } from './onnx/file.ts';
import { refuseUnknown } from './errors.ts';
import { knownExportOptions, settingsOf, type ExportOptions } from './options.ts';

export interface ExportedModel {
  /** The ONNX file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly inputs: readonly ExportedTensor[];
  readonly outputs: readonly ExportedTensor[];
}

/**
 * A tfjs layers model or graph model as an ONNX file below 2 GiB; the same artifacts give the same bytes. Throws
 * `ExportError`: `unsupported-model` lists all layers or operations that have no ONNX counterpart.
 */
export function exportOnnx(artifacts: AnyArtifacts, options: ExportOptions = {}): ExportedModel {
  refuseUnknown('exportOnnx', options, knownExportOptions);
  const model = buildModel(artifacts, settingsOf(options));
  return {
    bytes: bytesOf(encodeModel(model)),
    inputs: model.graph.inputs.map(exportedTensor),
    outputs: model.graph.outputs.map(exportedTensor),
  };
}
