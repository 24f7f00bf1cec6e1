import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelArtifacts } from '@snapshot-ensemble/adapter-tfjs';
import { readBundle } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { exportEnsemble } from '@snapshot-ensemble/export-onnx';
import * as tf from '@tensorflow/tfjs';

/** A folder with a bundle of three untrained members that take digits, and a request and an image beside it. */
export async function exampleFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'server-example-'));
  const model = (seed: number): tf.Sequential =>
    tf.sequential({
      layers: [
        tf.layers.flatten({ name: 'image', inputShape: [28, 28, 1] }),
        tf.layers.dense({
          name: 'digit',
          units: 10,
          activation: 'softmax',
          kernelInitializer: tf.initializers.glorotNormal({ seed }),
        }),
      ],
    });
  const members = await Promise.all([1, 2, 3].map((seed) => modelArtifacts(model(seed))));
  await exportEnsemble(members, bundleDirectory(join(folder, 'bundle')), {
    policy: meanPolicy('probabilities', [0, 1, 2]),
  });
  const image = Float32Array.from({ length: 784 }, (_, pixel) => (pixel % 29) / 29);
  const { manifest } = await readBundle(bundleDirectory(join(folder, 'bundle')));
  const request = {
    inputs: [
      {
        name: manifest.inputs[0]!.name,
        datatype: 'FP32',
        shape: [1, 28, 28, 1],
        data: Array.from(image),
      },
    ],
  };
  await writeFile(join(folder, 'request.json'), JSON.stringify(request));
  await writeFile(join(folder, 'image.f32'), new Uint8Array(image.buffer));
  return folder;
}
