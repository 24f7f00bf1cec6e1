// @ts-check
// Forms of one ensemble on onnxruntime: `node benchmarks/ensemble-forms.mjs [resnet20|cnn|mobilenet] [batch …] [--rounds 9]`.
// `--processor` gives processor time of one thread, which other programs on the machine change little.
// Ideal: one member's session five times, opened as the runtime does. Naive: five sessions with default options at once.
import { parseArgs } from 'node:util';
import { modelArtifacts } from '@snapshot-ensemble/adapter-tfjs';
import { memoryBundle } from '@snapshot-ensemble/ensemble-bundle';
import { exportEnsemble } from '@snapshot-ensemble/export-onnx';
import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { processorTime, sideBySide } from './side-by-side.mjs';

const MEMBERS = 5;
// So often a single row runs within one measurement of processor time.
const REPEATS = 20;
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '9' },
    processor: { type: 'boolean', default: false },
  },
});
const [wanted = 'all', ...sizes] = positionals;
const batches = sizes.length > 0 ? sizes.map(Number) : [1, 8, 64];
tf.enableProdMode();
await tf.setBackend('cpu');

/** @typedef {{ side: number, channels: number, build: (member: number) => tf.LayersModel, backbone?: () => tf.LayersModel }} Network */

/** @type {Record<string, Network>} */
const networks = {
  resnet20: { side: 32, channels: 3, build: (member) => resnet20(member) },
  cnn: { side: 28, channels: 1, build: (member) => cnn(member) },
  mobilenet: { side: 64, channels: 3, build: (member) => headOn(256, member), backbone: mobilenet },
};
for (const [name, network] of Object.entries(networks)) {
  if (wanted !== 'all' && wanted !== name) continue;
  for (const batch of batches) await measure(name, network, batch);
}

/**
 * @param {string} name
 * @param {Network} network
 * @param {number} batch
 */
async function measure(name, { side, channels, build, backbone }, batch) {
  const models = Array.from({ length: MEMBERS }, (_, member) => build(member));
  const artifacts = await Promise.all(models.map((model) => modelArtifacts(model)));
  const frozen = backbone && { backbone: await modelArtifacts(backbone()) };
  /** @type {import('@snapshot-ensemble/ensemble-math').EnsemblePolicy} */
  const policy = {
    kind: 'probabilities',
    combine: 'meanProbabilities',
    members: models.map((_, index) => index),
    weights: models.map(() => 1 / MEMBERS),
    temperature: 1,
  };
  /** @param {'fused' | 'stacked' | 'staged' | 'separate'} form */
  const files = async (form) => {
    const bundle = memoryBundle();
    const { manifest, notStacked } = await exportEnsemble(artifacts, bundle, {
      policy,
      form,
      statistics: [],
      ...frozen,
    });
    for (const { node, reason } of notStacked) console.log(`not stacked: ${node}: ${reason}`);
    return {
      manifest,
      bytes: (/** @type {string} */ path) => bundle.files.get(path) ?? new Uint8Array(),
    };
  };
  // As the runtime opens them: threads that spin after a run take the time of the contender that comes next.
  const open = (/** @type {Uint8Array} */ bytes) =>
    ort.InferenceSession.create(bytes, {
      ...(flags.processor && { intraOpNumThreads: 1 }),
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
  const openPlainly = (/** @type {Uint8Array} */ bytes) =>
    ort.InferenceSession.create(bytes, flags.processor ? { intraOpNumThreads: 1 } : {});
  const [fused, stacked, staged, separate] = [
    await files('fused'),
    await files('stacked'),
    await files('staged'),
    await files('separate'),
  ];
  const members = await Promise.all(
    separate.manifest.members.map(({ file = '' }) => open(separate.bytes(file))),
  );
  const plain = await Promise.all(
    separate.manifest.members.map(({ file = '' }) => openPlainly(separate.bytes(file))),
  );
  const stages = await Promise.all(
    (staged.manifest.stages ?? []).map(({ file }) => open(staged.bytes(file))),
  );
  const whole = {
    fused: await open(fused.bytes('ensemble.onnx')),
    stacked: await open(stacked.bytes('ensemble.onnx')),
  };
  const input = fused.manifest.inputs[0]?.name ?? '';
  const data = Float32Array.from(
    { length: batch * side * side * channels },
    (_, at) => (at % 255) / 255,
  );
  const feeds = () => ({ [input]: new ort.Tensor('float32', data, [batch, side, side, channels]) });
  const first = members[0];
  await sideBySide({
    title: `${name}, ${MEMBERS} members, batch ${batch}${flags.processor ? ', processor time of one thread' : ''}`,
    contenders: [
      {
        name: 'ideal: one member, five times',
        run: async () => {
          for (let run = 0; run < MEMBERS; run++) await first?.run(feeds());
        },
      },
      { name: 'one member, once', run: () => first?.run(feeds()) },
      {
        name: 'naive: five sessions at once',
        run: () => Promise.all(plain.map((member) => member.run(feeds()))),
      },
      {
        name: `fused (${size(fused.bytes('ensemble.onnx'))})`,
        run: () => whole.fused.run(feeds()),
      },
      {
        name: `stacked (${size(stacked.bytes('ensemble.onnx'))})`,
        run: () => whole.stacked.run(feeds()),
      },
      {
        name: 'staged, every row to the end',
        run: async () => {
          /** @type {Record<string, ort.Tensor>} */
          let state = {};
          for (const [index, stage] of stages.entries()) {
            const answer = await stage.run({ ...feeds(), ...state });
            const next = staged.manifest.stages?.[index + 1]?.state ?? [];
            state = Object.fromEntries(
              next.map((tensor) => [tensor.name, /** @type {ort.Tensor} */ (answer[tensor.name])]),
            );
          }
        },
      },
    ].map(({ name: contender, run }) => ({
      name: contender,
      run: flags.processor ? processorTime(run, Math.ceil(REPEATS / batch)) : run,
    })),
    rounds: Number(flags.rounds),
    packages: ['onnxruntime-node'],
  });
  await Promise.all(
    [...members, ...plain, ...stages, whole.fused, whole.stacked].map((session) =>
      session.release(),
    ),
  );
  models.forEach((model) => model.dispose());
}

/** @param {Uint8Array} bytes */
function size(bytes) {
  return `${(bytes.length / 1e6).toFixed(1)} MB`;
}

/**
 * @param {tf.SymbolicTensor} x
 * @param {number} filters
 * @param {number} seed
 * @param {number} [strides]
 */
function convNorm(x, filters, seed, strides = 1, kernelSize = 3) {
  const conv = tf.layers.conv2d({
    filters,
    kernelSize,
    strides,
    padding: 'same',
    useBias: false,
    kernelInitializer: tf.initializers.heNormal({ seed }),
  });
  return /** @type {tf.SymbolicTensor} */ (tf.layers.batchNormalization({}).apply(conv.apply(x)));
}

/** @param {number} member */
function resnet20(member) {
  const x = tf.input({ shape: [32, 32, 3], name: 'x' });
  let seed = 1000 * member;
  const relu = (/** @type {unknown} */ y) =>
    /** @type {tf.SymbolicTensor} */ (tf.layers.reLU().apply(/** @type {tf.SymbolicTensor} */ (y)));
  let y = relu(convNorm(x, 16, seed++));
  for (const [stage, filters] of [16, 32, 64].entries())
    for (let block = 0; block < 3; block++) {
      const strides = stage > 0 && block === 0 ? 2 : 1;
      const inner = convNorm(relu(convNorm(y, filters, seed++, strides)), filters, seed++);
      const skip = strides === 2 ? convNorm(y, filters, seed++, 2, 1) : y;
      y = relu(tf.layers.add().apply([inner, skip]));
    }
  const pooled = tf.layers.globalAveragePooling2d({}).apply(y);
  return head(x, pooled, member, 10);
}

/** @param {number} member */
function cnn(member) {
  const x = tf.input({ shape: [28, 28, 1], name: 'x' });
  let y = x;
  for (const [index, filters] of [16, 32].entries()) {
    const conv = tf.layers.conv2d({
      filters,
      kernelSize: 3,
      activation: 'relu',
      kernelInitializer: tf.initializers.heNormal({ seed: 10 * member + index }),
    });
    y = /** @type {tf.SymbolicTensor} */ (
      tf.layers.maxPooling2d({ poolSize: 2 }).apply(conv.apply(y))
    );
  }
  return head(x, tf.layers.flatten().apply(y), member, 10);
}

/** A MobileNet-like backbone that all members share. */
function mobilenet() {
  const x = tf.input({ shape: [64, 64, 3], name: 'x' });
  const relu6 = (/** @type {unknown} */ y) =>
    /** @type {tf.SymbolicTensor} */ (
      tf.layers.reLU({ maxValue: 6 }).apply(/** @type {tf.SymbolicTensor} */ (y))
    );
  let seed = 1;
  let y = relu6(convNorm(x, 16, seed++, 2));
  for (const [filters, strides] of [
    [32, 1],
    [64, 2],
    [64, 1],
    [128, 2],
    [128, 1],
    [256, 2],
    [256, 1],
  ]) {
    const depthwise = tf.layers.depthwiseConv2d({
      kernelSize: 3,
      strides,
      padding: 'same',
      useBias: false,
      depthwiseInitializer: tf.initializers.heNormal({ seed: seed++ }),
    });
    const normed = tf.layers.batchNormalization({}).apply(depthwise.apply(y));
    y = relu6(convNorm(relu6(normed), filters ?? 1, seed++, 1, 1));
  }
  const features = tf.layers.globalAveragePooling2d({ name: 'features' }).apply(y);
  return tf.model({ inputs: x, outputs: /** @type {tf.SymbolicTensor} */ (features) });
}

/** A head of a member's own. @param {number} width @param {number} member */
function headOn(width, member) {
  const x = tf.input({ shape: [width], name: 'features' });
  return head(x, x, member, 10);
}

/**
 * @param {tf.SymbolicTensor} x
 * @param {unknown} features
 * @param {number} member
 * @param {number} classes
 */
function head(x, features, member, classes) {
  const y = tf.layers
    .dense({
      units: classes,
      activation: 'softmax',
      name: 'y',
      kernelInitializer: tf.initializers.glorotUniform({ seed: 7 + member }),
    })
    .apply(/** @type {tf.SymbolicTensor} */ (features));
  return tf.model({ inputs: x, outputs: /** @type {tf.SymbolicTensor} */ (y) });
}
