import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import type { HostTensor, HostTensors } from '../src/index.ts';
import { cleanName } from '../src/keras/clean-name.ts';

export { tf };

/** A tfjs model as data. */
export async function artifactsOf(model: tf.LayersModel): Promise<ModelArtifacts> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler((artifacts) => {
      saved = artifacts;
      return Promise.resolve({
        modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' },
      });
    }),
  );
  return saved as ModelArtifacts;
}

/** `model.predict` on host tensors, by the names that an export gives to inputs and outputs. */
export function predictor(
  model: tf.LayersModel,
  outputNames: readonly string[],
): (inputs: HostTensors) => HostTensors {
  return (inputs) => {
    const answers: Record<string, HostTensor> = {};
    tf.tidy(() => {
      const tensors = model.inputs.map(({ sourceLayer }) => {
        const { data, shape } = inputs[cleanName(sourceLayer.name)]!;
        const dtype =
          data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool';
        return tf.tensor(data, [...shape], dtype);
      });
      const answer = model.predict(tensors.length === 1 ? tensors[0]! : tensors);
      const list = Array.isArray(answer) ? answer : [answer];
      for (const [index, tensor] of list.entries()) answers[outputNames[index]!] = hostOf(tensor);
    });
    return answers;
  };
}

function hostOf(tensor: tf.Tensor): HostTensor {
  return { data: tensor.dataSync(), shape: tensor.shape };
}

/**
 * Weights far from their initial values; moving variances stay positive. `spread` is how far from 0 the others go.
 */
export function randomizeWeights(
  model: tf.LayersModel,
  seed: number,
  spread: (shape: readonly number[]) => number = () => 0.7,
): void {
  const next = tf.tidy(() =>
    model.weights.map((weight, index) => {
      const shape = weight.shape as number[];
      const isVariance = weight.originalName.endsWith('moving_variance');
      const random = tf.randomUniform(
        shape,
        isVariance ? 0.5 : -spread(shape),
        isVariance ? 2 : spread(shape),
        'float32',
        seed + index,
      );
      return tf.keep(random);
    }),
  );
  model.weights.forEach((weight, index) => {
    weight.write(next[index]!);
  });
  tf.dispose(next);
}
