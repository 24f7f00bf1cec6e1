import type { BundleSink } from '@snapshot-ensemble/ensemble-bundle';
import { buildModel, type AnyArtifacts } from './build-model.ts';
import { encodeModel } from './onnx/encode.ts';
import { exportedTensor, type ExportedTensor } from './onnx/exported-tensor.ts';
import { externalChunks, placeExternally } from './onnx/external-data.ts';
import { asyncChunksOf, checkOneFile, MAX_MODEL_BYTES } from './onnx/file.ts';
import { refuseUnknown } from './errors.ts';
import { knownExportOptions, settingsOf, type ExportOptions } from './options.ts';

export interface WriteOptions extends ExportOptions {
  /** Path of the model in the sink. Default `model.onnx`; external weights go to the same path with `.data` after it. */
  readonly path?: string;
  /** Whether weights go to a file of their own. Default only where one file cannot hold them, from 2 GiB on. */
  readonly externalData?: boolean;
}

export interface WrittenModel {
  readonly inputs: readonly ExportedTensor[];
  readonly outputs: readonly ExportedTensor[];
  /** What was written, in order. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/**
 * Streams a tfjs layers model or graph model as ONNX into a sink, one weight at a time, so that the model is never held
 * twice: a chunk is valid until the sink asks for the next. Throws `ExportError` as `exportOnnx` does.
 */
export async function writeOnnx(
  artifacts: AnyArtifacts,
  sink: BundleSink,
  options: WriteOptions = {},
): Promise<WrittenModel> {
  refuseUnknown('writeOnnx', options, {
    ...knownExportOptions,
    ...{ path: true, externalData: true },
  });
  const model = buildModel(artifacts, settingsOf(options));
  const path = options.path ?? 'model.onnx';
  const whole = encodeModel(model);
  const isExternal = options.externalData ?? whole.byteLength > MAX_MODEL_BYTES;
  const files: { path: string; bytes: number }[] = [];
  let encoded = whole;
  if (isExternal) {
    const dataPath = `${path}.data`;
    // ONNX resolves a location from the folder of the model.
    const placed = placeExternally(model.graph.initializers, dataPath.split('/').at(-1)!);
    if (placed.bytes > 0) {
      await sink.write(dataPath, externalChunks(placed));
      files.push({ path: dataPath, bytes: placed.bytes });
    }
    encoded = encodeModel(model, placed.locations);
  }
  await sink.write(path, asyncChunksOf(checkOneFile(encoded)));
  files.push({ path, bytes: encoded.byteLength });
  return {
    inputs: model.graph.inputs.map(exportedTensor),
    outputs: model.graph.outputs.map(exportedTensor),
    files,
  };
}
