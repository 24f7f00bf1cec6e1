// @ts-check
// Five architectures that PyTorch, Keras and tfjs build alike. `node models.mjs FOLDER` writes of each the topology, the weights, rows
// with what tfjs answers, and our exports: NAME.json, NAME-ours.onnx, and for images NAME-ours-nchw.onnx.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { exportOnnx } from '../../packages/export-onnx/dist/index.js';

// tfjs as the tests of export-onnx have it.
const load = createRequire(new URL('../../packages/export-onnx/package.json', import.meta.url));
/** @type {any} */
const tf = load('@tensorflow/tfjs');
const [folder = 'out'] = process.argv.slice(2);
const { layers } = tf;
const ROWS = 8;

/** @type {(x: any, name: string, filters: number, options?: { size?: number, strides?: number }) => any} */
function normalized(x, name, filters, { size = 3, strides = 1 } = {}) {
  const options = { name, filters, kernelSize: size, strides, padding: 'same', useBias: false };
  const convolution = layers.conv2d(/** @type {any} */ (options)).apply(x);
  return layers.batchNormalization({ name: `${name}_norm` }).apply(convolution);
}

/** @type {(x: any) => any} */
const relu = (x) => layers.reLU().apply(x);
/** @type {(x: any) => any} */
const relu6 = (x) => layers.reLU({ maxValue: 6 }).apply(x);

/** @type {(x: any) => any} */
function pooledHead(x) {
  const pooled = layers.globalAveragePooling2d({ name: 'pool' }).apply(x);
  return layers.dense({ units: 10, activation: 'softmax', name: 'head' }).apply(pooled);
}

function mlp() {
  return tf.sequential({
    layers: [
      layers.dense({ units: 256, activation: 'relu', inputShape: [784], name: 'first' }),
      layers.dense({ units: 128, activation: 'tanh', name: 'second' }),
      layers.dense({ units: 10, activation: 'softmax', name: 'head' }),
    ],
  });
}

function cnn() {
  const same = { kernelSize: 3, padding: 'same', activation: 'relu' };
  return tf.sequential({
    layers: [
      layers.conv2d(
        /** @type {any} */ ({ inputShape: [28, 28, 1], filters: 16, name: 'first', ...same }),
      ),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.conv2d(/** @type {any} */ ({ filters: 32, name: 'second', ...same })),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.flatten(),
      layers.dense({ units: 10, activation: 'softmax', name: 'head' }),
    ],
  });
}

/** He et al. 2016, §4.2. Of 33 × 33 pixels both 33 and 17 are odd: TensorFlow's "same" then pads as PyTorch does. */
function resnet20() {
  const input = tf.input({ shape: [33, 33, 3], name: 'image' });
  let x = relu(normalized(input, 'stem', 16));
  for (const [stage, filters] of [16, 32, 64].entries())
    for (let block = 0; block < 3; block++) {
      const name = `block${stage}${block}`;
      const strides = stage > 0 && block === 0 ? 2 : 1;
      const shortcut =
        strides === 1 ? x : normalized(x, `${name}_shortcut`, filters, { size: 1, strides });
      const first = relu(normalized(x, `${name}_first`, filters, { strides }));
      const second = normalized(first, `${name}_second`, filters);
      x = relu(layers.add().apply([second, shortcut]));
    }
  return tf.model({ inputs: input, outputs: pooledHead(x) });
}

/** Sandler et al. 2018, figure 4 (d): widen, depthwise, narrow, add. */
function mobile() {
  const input = tf.input({ shape: [32, 32, 24], name: 'image' });
  const wide = relu6(normalized(input, 'widen', 144, { size: 1 }));
  const depthwise = layers.depthwiseConv2d({
    kernelSize: 3,
    padding: 'same',
    useBias: false,
    name: 'depthwise',
  });
  const norm = layers.batchNormalization({ name: 'depthwise_norm' });
  const filtered = relu6(norm.apply(depthwise.apply(wide)));
  const narrow = normalized(filtered, 'narrow', 24, { size: 1 });
  const output = pooledHead(layers.add().apply([input, narrow]));
  return tf.model({ inputs: input, outputs: output });
}

function bilstm() {
  const options = { units: 64, returnSequences: true, recurrentActivation: 'sigmoid' };
  const lstm = layers.lstm(/** @type {any} */ (options));
  return tf.sequential({
    layers: [
      layers.embedding({ inputDim: 1000, outputDim: 64, inputLength: 40, name: 'words' }),
      layers.bidirectional({ layer: /** @type {any} */ (lstm), mergeMode: 'concat', name: 'read' }),
      layers.dense({ units: 12, activation: 'softmax', name: 'head' }),
    ],
  });
}

/** @type {Record<string, () => any>} */
const models = { mlp, cnn, resnet20, mobile, bilstm };

/** Far from initial values, yet tame: activations neither vanish nor saturate. */
function setWeights(/** @type {any} */ model) {
  model.weights.forEach((weight, index) => {
    const shape = /** @type {number[]} */ (weight.shape);
    const fanIn = shape.length > 1 ? shape.slice(0, -1).reduce((a, b) => a * b, 1) : 10;
    const isScale = /gamma|variance/.test(weight.originalName);
    const spread = isScale ? 0.5 : Math.sqrt(3 / fanIn);
    const middle = isScale ? 1 : 0;
    weight.write(tf.randomUniform(shape, middle - spread, middle + spread, 'float32', index + 1));
  });
}

mkdirSync(folder, { recursive: true });
for (const [name, make] of Object.entries(models)) {
  const model = make();
  setWeights(model);
  const shape = [ROWS, .../** @type {number[]} */ (model.inputs[0].shape.slice(1))];
  const x =
    name === 'bilstm'
      ? tf.randomUniform(shape, 0, 1000, 'float32', 3).floor()
      : tf.randomUniform(shape, -1, 1, 'float32', 3);
  const y = /** @type {any} */ (model.predict(x));
  /** @type {any} */
  let artifacts;
  await model.save(
    tf.io.withSaveHandler(async (saved) => {
      artifacts = saved;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  const data = /** @type {any} */ (artifacts);
  const weights = model.weights.map((weight) => ({
    name: weight.originalName,
    shape: weight.shape,
    data: Array.from(weight.read().dataSync()),
  }));
  const host = (/** @type {any} */ t) => ({ shape: t.shape, data: Array.from(t.dataSync()) });
  writeFileSync(
    join(folder, `${name}.json`),
    JSON.stringify({ topology: data.modelTopology, weights, inputs: host(x), answers: host(y) }),
  );
  const names = { inputNames: { [model.inputs[0].sourceLayer.name]: 'x' } };
  writeFileSync(join(folder, `${name}-ours.onnx`), exportOnnx(data, names).bytes);
  if (shape.length === 4)
    writeFileSync(
      join(folder, `${name}-ours-nchw.onnx`),
      exportOnnx(data, { ...names, inputLayout: 'nchw' }).bytes,
    );
}
