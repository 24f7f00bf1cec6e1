// @ts-check
// Writes bundles with smoke tests below the folder that is named: `node bundles.mjs FOLDER`. Their expected answers come from tfjs.
import { join } from 'node:path';
import { modelArtifacts } from '@snapshot-ensemble/adapter-tfjs';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { exportEnsemble } from '@snapshot-ensemble/export-onnx';
import * as tf from '@tensorflow/tfjs';

const [folder = ''] = process.argv.slice(2);
tf.enableProdMode();
await tf.setBackend('cpu');

const ROWS = 5;
const CLASSES = 4;
const models = [1, 2, 3].map((seed) => {
  const seeded = (/** @type {number} */ more) => ({
    kernelInitializer: tf.initializers.glorotNormal({ seed: seed + more }),
  });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        name: 'pixels',
        filters: 3,
        kernelSize: 3,
        activation: 'relu',
        inputShape: [8, 8, 1],
        ...seeded(0),
      }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ name: 'shape', units: CLASSES, activation: 'softmax', ...seeded(10) }),
    ],
  });
});
const members = await Promise.all(models.map((model) => modelArtifacts(model)));
const shape = [ROWS, 8, 8, 1];
const pixels = Float32Array.from({ length: ROWS * 64 }, (_, index) => Math.sin(index * index));

/** What each member says in tfjs. */
const predictMembers = () =>
  models.map((model) =>
    tf.tidy(() => {
      const answer = /** @type {tf.Tensor} */ (model.predict(tf.tensor(pixels, shape)));
      return {
        shape: { data: /** @type {Float32Array} */ (answer.dataSync()), shape: answer.shape },
      };
    }),
  );

/** @type {import('@snapshot-ensemble/ensemble-math').EnsemblePolicy} */
const policy = {
  kind: 'probabilities',
  combine: 'meanProbabilities',
  members: [2, 0, 1],
  weights: [0.5, 0.3, 0.2],
  temperature: 1.5,
};
const cascade = {
  ...policy,
  temperature: 1,
  weights: [1 / 3, 1 / 3, 1 / 3],
  cascade: { order: [0, 1, 2], thresholds: [0.3, 0.3] },
};

for (const [name, form, chosen] of /** @type {const} */ ([
  ['fused', 'fused', policy],
  ['stacked', 'stacked', policy],
  ['separate', 'separate', policy],
  ['cascade', 'separate', cascade],
]))
  await exportEnsemble(members, bundleDirectory(join(folder, name)), {
    name,
    form,
    policy: chosen,
    labels: { shape: ['ring', 'cross', 'bar', 'dot'] },
    smoke: { inputs: { pixels_input: { data: pixels, shape } }, predictMembers },
  });
