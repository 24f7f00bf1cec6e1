import { explainLoadFailure, thisMachine } from './load-failure.ts';
import type { OrtModule } from './ort-module.ts';

/** onnxruntime-node, for a thread or process of our own. Throws `InferenceError` (`runtime-missing`, `runtime-unsupported`). */
export async function loadOrt(): Promise<OrtModule> {
  // From Node 23 on there is a Float16Array, which onnxruntime-common 1.30 prefers and onnxruntime-node cannot read
  // (onnxruntime issue 26791). This realm is ours alone: without it, half floats are bits in a Uint16Array everywhere.
  Reflect.deleteProperty(globalThis, 'Float16Array');
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    throw explainLoadFailure(error, thisMachine());
  }
}
