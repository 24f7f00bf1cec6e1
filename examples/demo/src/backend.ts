import * as tf from '@tensorflow/tfjs';
import { registerTrainingKernels } from '@snapshot-ensemble/tfjs-wasm-training';

/** The tfjs module that trains, and what to call it. */
export interface Backend {
  readonly tf: typeof tf;
  readonly name: string;
}

/** `@tensorflow/tfjs-node` where it is installed; else the WASM backend, with the kernels it needs to train. */
export async function chooseBackend(): Promise<Backend> {
  const native = await importTfjsNode();
  if (native !== undefined) return { tf: native, name: 'tensorflow (@tensorflow/tfjs-node)' };
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  registerTrainingKernels(tf, wasm);
  await tf.setBackend('wasm');
  return { tf, name: 'wasm (@tensorflow/tfjs-backend-wasm with tfjs-wasm-training)' };
}

async function importTfjsNode(): Promise<typeof tf | undefined> {
  // A variable, so that type checking does not ask for the optional package.
  const specifier = '@tensorflow/tfjs-node';
  try {
    return (await import(specifier)) as typeof tf;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')
      return undefined;
    throw error;
  }
}
