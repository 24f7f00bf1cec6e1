import { readFile } from 'node:fs/promises';
import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import type { HostTensor } from '../src/index.ts';
import { tf } from './tfjs.ts';

/** The folder of model.json files that were made once, by `scripts/train-models.mjs` or by Python, and are committed. */
export function savedModel(...path: readonly string[]): URL {
  return new URL(`golden/${path.join('/')}/`, import.meta.url);
}

/** A saved model as a user reads it: model.json and the shards that it names. */
export async function readSaved(folder: URL): Promise<ModelArtifacts> {
  const json = JSON.parse(await readFile(new URL('model.json', folder), 'utf8')) as tf.io.ModelJSON;
  const manifest = json.weightsManifest;
  const shards = await Promise.all(
    manifest.flatMap(({ paths }) => paths.map((path) => readFile(new URL(path, folder)))),
  );
  return {
    modelTopology: json.modelTopology,
    weightSpecs: manifest.flatMap(({ weights }) => weights),
    weightData: Uint8Array.from(Buffer.concat(shards)).buffer,
  };
}

/** The same model in tfjs. */
export async function loadSaved(folder: URL): Promise<tf.LayersModel> {
  const { modelTopology, weightSpecs, weightData } = await readSaved(folder);
  return tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs: weightSpecs as tf.io.WeightsManifestEntry[],
      weightData: weightData as ArrayBuffer,
    }),
  );
}

/** Rows that the model never saw in training, and what they are. */
export async function readSamples(
  folder: URL,
): Promise<{ readonly inputs: HostTensor; readonly labels: readonly number[] }> {
  const text = await readFile(new URL('samples.json', folder), 'utf8');
  const { inputs, labels, shape, divisor } = JSON.parse(text) as {
    readonly inputs: readonly number[];
    readonly labels: readonly number[];
    readonly shape: readonly number[];
    readonly divisor: number;
  };
  return {
    inputs: { data: Float32Array.from(inputs, (value) => value / divisor), shape },
    labels,
  };
}
