import { deepStrictEqual } from 'node:assert/strict';
import type { memoryBundle } from '@snapshot-ensemble/ensemble-bundle';
import { buildModel } from '../src/build-model.ts';
import {
  exportEnsemble as exportEnsembleUnchecked,
  exportOnnx as exportUnchecked,
} from '../src/index.ts';
import { encodeModel } from '../src/onnx/encode.ts';
import { bytesOf } from '../src/onnx/file.ts';
import { decodeModel } from '../src/onnx/read/decode.ts';
import type { Model } from '../src/onnx/model.ts';
import { settingsOf } from '../src/options.ts';
import { compareWithFile } from './independent-reader.ts';
import { wasteIn } from './waste.ts';

/** A model as a file that onnx-buf reads as that model. */
export function checkedBytes(model: Model): Uint8Array {
  const bytes = bytesOf(encodeModel(model));
  compareWithFile(model, bytes);
  return bytes;
}

/** `exportOnnx`, whose file onnx-buf and our own reader read as the model that was to be written; it holds nothing in vain. */
export const exportOnnx: typeof exportUnchecked = (artifacts, options) => {
  const exported = exportUnchecked(artifacts, options);
  checkModel(buildModel(artifacts, settingsOf(options ?? {})), exported.bytes);
  return exported;
};

/** The same for a graph of single operations, some of them on constants alone, which no pass need compute. */
export const exportOperations: typeof exportUnchecked = (artifacts, options) => {
  const exported = exportUnchecked(artifacts, options);
  const model = buildModel(artifacts, settingsOf(options ?? {}));
  compareWithFile(model, exported.bytes);
  const waste = wasteIn(model.graph).filter((found) => !found.endsWith('is known before the run'));
  deepStrictEqual(waste, []);
  return exported;
};

type Arguments = Parameters<typeof exportEnsembleUnchecked>;

/** `exportEnsemble` into memory; our own reader and onnx-buf read each of its graphs as the same model, which holds nothing in vain. */
export async function exportEnsemble(
  members: Arguments[0],
  bundle: ReturnType<typeof memoryBundle>,
  options: Arguments[2],
): ReturnType<typeof exportEnsembleUnchecked> {
  const exported = await exportEnsembleUnchecked(members, bundle, options);
  for (const [path, bytes] of bundle.files) {
    if (!path.endsWith('.onnx') || options.externalData === true) continue;
    const model = decodeModel(bytes);
    compareWithFile(model, bytes);
    // What undoes a reduced precision is left for the runtime on purpose.
    if ((options.precision ?? 'float32') === 'float32') deepStrictEqual(wasteIn(model.graph), []);
  }
  return exported;
}

function checkModel(model: Model, bytes: Uint8Array): void {
  compareWithFile(model, bytes);
  deepStrictEqual(wasteIn(model.graph), []);
}
