import * as tf from '@tensorflow/tfjs';
import { registerTrainingKernels } from '@snapshot-ensemble/tfjs-wasm-training';
import type { BackendName } from './backend-names.ts';

/** The tfjs module that trains, and what to call it. */
export interface Backend {
  readonly tf: typeof tf;
  readonly name: string;
}

/**
 * WASM with the kernels it needs to train: the fastest backend for small networks on few cores, and it needs no native
 * install. Or `@tensorflow/tfjs-node`, where that is installed.
 */
export async function chooseBackend(name: BackendName): Promise<Backend> {
  if (name === 'tensorflow')
    return { tf: await importTfjsNode(), name: 'tensorflow (@tensorflow/tfjs-node)' };
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  registerTrainingKernels(tf, wasm);
  await tf.setBackend('wasm');
  return { tf, name: 'wasm (@tensorflow/tfjs-backend-wasm with tfjs-wasm-training)' };
}

async function importTfjsNode(): Promise<typeof tf> {
  // A variable, so that type checking does not ask for the optional package.
  const specifier = '@tensorflow/tfjs-node';
  try {
    return (await import(specifier)) as typeof tf;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'))
      throw error;
    throw new Error(
      '--backend tensorflow needs @tensorflow/tfjs-node, which is not installed. ' +
        'Install it: npm install --no-save @tensorflow/tfjs-node@4.22.0. Or leave the flag out: WASM needs nothing more.',
      { cause: error },
    );
  }
}
