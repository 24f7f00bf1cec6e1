// @ts-check
import * as tf from '@tensorflow/tfjs';
import ort from 'onnxruntime-node';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildGraph, modelOf } from '../packages/export-onnx/dist/build-model.js';
import { encodeModel } from '../packages/export-onnx/dist/onnx/encode.js';
import { bytesOf } from '../packages/export-onnx/dist/onnx/file.js';
import { affineRules } from '../packages/export-onnx/dist/optimize/fold-affine.js';
import {
  foldConstants,
  liftConstants,
} from '../packages/export-onnx/dist/optimize/fold-constants.js';
import { mergeEqual } from '../packages/export-onnx/dist/optimize/merge-equal.js';
import { mergePads } from '../packages/export-onnx/dist/optimize/merge-pads.js';
import { shapeRules } from '../packages/export-onnx/dist/optimize/merge-shapes.js';
import { nameOutputs } from '../packages/export-onnx/dist/optimize/name-outputs.js';
import { removeDead } from '../packages/export-onnx/dist/optimize/remove-dead.js';
import { rewrite } from '../packages/export-onnx/dist/optimize/rewrite.js';
import { settingsOf } from '../packages/export-onnx/dist/options.js';
import { sideBySide } from './side-by-side.mjs';

/*
 * What each pass over a finished graph is worth where onnxruntime optimizes when it loads: the same models exported with all passes,
 * without one of them, and without any, their nodes and size, the time to open a session (all optimizations on), and the time of a run.
 * A pass that changes nothing in a model is not measured on it. `node benchmarks/export-passes.mjs [MODEL …]`
 * `merge-equal` changes none of them: it is there for ensembles, where it makes a shared backbone run once (`ensemble-forms.mjs`).
 */
const folder = new URL('../packages/export-onnx/test/golden/trained/', import.meta.url);
const load = createRequire(new URL('../packages/export-onnx/package.json', import.meta.url));
const human = join(
  load.resolve('@vladmandic/human').split('/@vladmandic/')[0] ?? '',
  '@vladmandic/human/models',
);
const settings = settingsOf({});
const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
const ROUNDS = Number(process.env.ROUNDS ?? 9);

/** @type {Readonly<Record<string, readonly any[]>>} */
const rules = {
  'fold-constants': [foldConstants],
  'merge-pads': [mergePads],
  'fold-affine': affineRules,
  'merge-shapes': shapeRules,
};
const passes = [...Object.keys(rules), 'merge-equal'];
/** @typedef {[name: string, artifacts: () => unknown]} Case */
/** @type {Case[]} */
const cases = [
  ...readdirSync(folder).map(
    (name) =>
      /** @type {Case} */ ([name, () => read(new URL(`${name}/model.json`, folder).pathname)]),
  ),
  ...['liveness', 'facemesh', 'handlandmark-lite', 'centernet'].map(
    (name) => /** @type {Case} */ ([name, () => read(join(human, `${name}.json`))]),
  ),
  ['padded', padded],
];

const wanted = process.argv.slice(2);
for (const [name, artifactsOf] of cases) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const artifacts = await artifactsOf();
  const whole = exported(artifacts, passes);
  const contenders = [
    { title: 'all passes', file: whole },
    ...passes
      .map((left) => ({
        title: `without ${left}`,
        file: exported(
          artifacts,
          passes.filter((pass) => pass !== left),
        ),
      }))
      .filter((made) => Buffer.compare(made.file.bytes, whole.bytes) !== 0),
    { title: 'no pass', file: exported(artifacts, []) },
  ];
  for (const {
    title,
    file: { nodes, bytes },
  } of contenders)
    console.log(`${name}, ${title}: ${nodes} nodes, ${bytes.length} bytes`);
  await sideBySide({
    title: `${name}: ms to open a session`,
    contenders: contenders.map(({ title, file: { bytes } }) => ({
      name: title,
      run: async () => {
        const session = await ort.InferenceSession.create(bytes, options);
        await session.release();
      },
    })),
    rounds: ROUNDS,
    threads: 1,
    packages: ['onnxruntime-node'],
  });
  const sessions = await Promise.all(
    contenders.map(({ file: { bytes } }) => ort.InferenceSession.create(bytes, options)),
  );
  const [{ name: input, shape }] = /** @type {any} */ (sessions[0]).inputMetadata;
  const dims = shape.map((/** @type {number | string} */ dim) =>
    typeof dim === 'number' ? dim : 8,
  );
  const data = new Float32Array(
    dims.reduce((/** @type {number} */ product, /** @type {number} */ dim) => product * dim, 1),
  ).fill(0.5);
  const feeds = { [input]: new ort.Tensor('float32', data, dims) };
  await sideBySide({
    title: `${name}: ms for 10 runs`,
    contenders: contenders.map(({ title }, index) => ({
      name: title,
      run: async () => {
        for (let run = 0; run < 10; run++) await sessions[index]?.run(feeds);
      },
    })),
    rounds: ROUNDS,
    threads: 1,
    packages: ['onnxruntime-node'],
  });
}

/** Zeros around images before strided convolutions, as MobileNet and ResNet of keras.applications have them. */
function padded() {
  const side = {
    padding: /** @type {[[number, number], [number, number]]} */ ([
      [0, 1],
      [0, 1],
    ]),
  };
  const layers = [8, 16, 32].flatMap((filters, index) => [
    tf.layers.zeroPadding2d({ ...side, ...(index === 0 && { inputShape: [96, 96, 3] }) }),
    tf.layers.conv2d({ filters, kernelSize: 3, strides: 2, activation: 'relu' }),
  ]);
  /** @type {Promise<unknown>} */
  const artifacts = new Promise((resolve) => {
    const keep = tf.io.withSaveHandler(async (given) => {
      resolve(given);
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    });
    void tf.sequential({ layers }).save(keep);
  });
  return artifacts;
}

/** @param {string} file */
function read(file) {
  const { weightsManifest, ...json } = JSON.parse(readFileSync(file, 'utf8'));
  const paths = weightsManifest.flatMap((/** @type {any} */ group) => group.paths);
  const shards = paths.map((/** @type {string} */ path) => readFileSync(join(file, '..', path)));
  return {
    ...json,
    weightSpecs: weightsManifest.flatMap((/** @type {any} */ group) => group.weights),
    weightData: Uint8Array.from(Buffer.concat(shards)).buffer,
  };
}

/**
 * A model's file after some of the passes, as `optimize` of export-onnx runs them all.
 * @param {any} artifacts
 * @param {readonly string[]} chosen
 */
function exported(artifacts, chosen) {
  const list = chosen.flatMap((name) => rules[name] ?? []);
  let graph = removeDead(nameOutputs(liftConstants(buildGraph(artifacts, settings))));
  for (;;) {
    const rewritten = rewrite(graph, list);
    const next = chosen.includes('merge-equal') ? mergeEqual(rewritten) : rewritten;
    if (next === graph) break;
    graph = removeDead(next);
  }
  const model = modelOf(removeDead(nameOutputs(graph)), settings);
  return { nodes: model.graph.nodes.length, bytes: bytesOf(encodeModel(model)) };
}
