import { memoryBundle } from '@snapshot-ensemble/ensemble-bundle';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { beforeAll, expect, it } from 'vitest';
import * as onnx from '../src/index.ts';
import { artifactsOf, tf } from './tfjs.ts';

let artifacts: Awaited<ReturnType<typeof artifactsOf>>;
beforeAll(async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
  artifacts = await artifactsOf(model);
});
const policy = meanPolicy('regression', [0]);

/** By function: an option of it, and a call with other options. */
const calls: Record<string, readonly [option: string, run: (options: never) => unknown]> = {
  checkParity: ['relative', (options) => onnx.checkParity(options)],
  compareBundles: ['rounds', (options) => onnx.compareBundles(options)],
  exportEnsemble: [
    'policy',
    (options) => onnx.exportEnsemble([artifacts], memoryBundle(), options),
  ],
  'exportEnsemble, smoke': [
    'absolute',
    (smoke) => onnx.exportEnsemble([artifacts], memoryBundle(), { policy, smoke }),
  ],
  exportOnnx: ['opset', (options) => onnx.exportOnnx(artifacts, options)],
  writeOnnx: ['externalData', (options) => onnx.writeOnnx(artifacts, memoryBundle(), options)],
};

/** A misspelt key would otherwise be a default in silence. */
it.each(Object.entries(calls))('%s refuses an option that it does not have', async (_, call) => {
  const [option, run] = call;
  const misspelt = { [`${option}s`]: 1 } as never;
  await expect(Promise.resolve(misspelt).then(run)).rejects.toThrow(`Did you mean "${option}"?`);
});
