// @ts-check
// Five untrained members of a network, as a fused bundle, a separate bundle, and one member's graph: what the runtime benchmarks run.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelArtifacts } from '@snapshot-ensemble/adapter-tfjs';
import { writeBundle } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { exportEnsemble, exportOnnx } from '@snapshot-ensemble/export-onnx';
import * as tf from '@tensorflow/tfjs';
import { networks } from './wasm-training-networks.mjs';

export const MEMBERS = 5;

/** Much more weights than work: 40 MiB for five members. */
const wide = {
  name: 'wide',
  make: () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [2048], units: 1024, activation: 'relu' }),
        tf.layers.dense({ units: 10, activation: 'softmax' }),
      ],
    }),
  shape: [2048],
};

/**
 * @typedef {object} Bundles
 * @property {string} folder Removed by `remove`.
 * @property {string} fused Folder of a bundle with all members in one graph.
 * @property {string} separate Folder of a bundle with a graph a member.
 * @property {string} graph File of the fused graph.
 * @property {string} member File of one member's graph.
 * @property {readonly number[]} shape Of one row.
 * @property {() => void} remove
 */

/**
 * @param {string} name
 * @returns {Promise<Bundles>}
 */
export async function makeBundles(name) {
  const network = [...networks, wide].find((one) => one.name === name);
  if (network === undefined) throw new Error(`There is no network "${name}".`);
  const folder = mkdtempSync(join(tmpdir(), 'runtime-'));
  const [fused, separate] = ['fused', 'separate'].map((form) => join(folder, form));
  for (const place of [fused, separate]) mkdirSync(place);
  // Members are one model with weights of their own: TensorFlow.js gives each model it makes other names.
  const model = network.make();
  const artifacts = [];
  for (let member = 0; member < MEMBERS; member++) {
    artifacts.push(await modelArtifacts(model));
    model.setWeights(network.make().getWeights());
  }
  const policy = meanPolicy('probabilities', [0, 1, 2, 3, 4]);
  await exportEnsemble(artifacts, bundleDirectory(fused), { policy });
  const { readBundle } = await import('@snapshot-ensemble/ensemble-bundle');
  const bundle = await readBundle(bundleDirectory(fused));
  const { manifest } = bundle;
  const graph = join(folder, 'fused.onnx');
  writeFileSync(graph, await bundle.readGraph());
  const graphs = artifacts.map((one) => exportOnnx(one).bytes);
  const member = join(folder, 'member.onnx');
  writeFileSync(member, graphs[0]);
  const file = (/** @type {number} */ index) => `members/00${index}.onnx`;
  const rest = withoutGraph(manifest);
  const [prediction] = manifest.outputs;
  await writeBundle(bundleDirectory(separate), {
    manifest: {
      ...rest,
      form: 'separate',
      outputs: [prediction],
      members: manifest.members.map((one, index) => ({ ...one, file: file(index) })),
      policy: {
        [prediction.name]: {
          ...policy,
          cascade: { order: [0, 1, 2, 3, 4], thresholds: [0.5, 0.5, 0.5, 0.5] },
        },
      },
    },
    files: Object.fromEntries(graphs.map((bytes, index) => [file(index), bytes])),
  });
  return {
    folder,
    fused,
    separate,
    graph,
    member,
    shape: network.shape,
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** @param {readonly number[]} shape @param {number} rows */
export function images(shape, rows) {
  const size = shape.reduce((product, side) => product * side, 1);
  return Float32Array.from(
    { length: rows * size },
    (_, index) => ((index * 2654435761) % 255) / 255,
  );
}

/**
 * What a bundle in another form can take over from a fused one's manifest.
 *
 * @param {import('@snapshot-ensemble/ensemble-bundle').BundleManifest} manifest
 */
export function withoutGraph({ name, inputs, labels, precision, opset, provenance }) {
  return { name, inputs, labels, precision, opset, provenance };
}
