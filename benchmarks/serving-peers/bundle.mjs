// @ts-check
// The bundle that every server runs: four small CNNs on 28 × 28 pixels in one graph, untrained.
import { modelArtifacts } from '@snapshot-ensemble/adapter-tfjs';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { exportEnsemble } from '@snapshot-ensemble/export-onnx';
import * as tf from '@tensorflow/tfjs';

/** @param {string} folder */
export async function writePeersBundle(folder) {
  const { conv2d, maxPooling2d, flatten, dense } = tf.layers;
  const seeded = (/** @type {number} */ seed) => ({
    kernelInitializer: tf.initializers.glorotNormal({ seed }),
  });
  const models = [1, 2, 3, 4].map((seed) =>
    tf.sequential({
      layers: [
        conv2d({
          name: 'pixels',
          filters: 4,
          kernelSize: 3,
          activation: 'relu',
          inputShape: [28, 28, 1],
          ...seeded(seed),
        }),
        maxPooling2d({ poolSize: 2 }),
        conv2d({ filters: 8, kernelSize: 3, activation: 'relu', ...seeded(seed + 10) }),
        maxPooling2d({ poolSize: 2 }),
        flatten(),
        dense({ name: 'digit', units: 10, activation: 'softmax', ...seeded(seed + 20) }),
      ],
    }),
  );
  const members = await Promise.all(models.map((model) => modelArtifacts(model)));
  await exportEnsemble(members, bundleDirectory(folder), {
    policy: meanPolicy('probabilities', [0, 1, 2, 3]),
  });
}
