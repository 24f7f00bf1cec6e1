import { memoryBundle, readBundle, type BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportEnsemble } from '../../../test/checked-export.ts';
import {
  ensembleAnswers,
  ensembleInputs,
  memberAnswers,
  membersFor,
} from '../../../test/ensembles.ts';
import { runOnnx } from '../../../test/run-onnx.ts';
import { artifactsOf, tf } from '../../../test/tfjs.ts';
import { checkParity, type EnsembleOptions, type HostTensors } from '../../index.ts';

const kinds = ['probabilities', 'logits', 'binary'] as const;
const models = new Map<string, readonly tf.Sequential[]>();
beforeAll(() => {
  for (const kind of kinds) models.set(kind, membersFor(kind));
});

const policyOf = (
  kind: EnsemblePolicy['kind'],
  change: Partial<EnsemblePolicy>,
): EnsemblePolicy => ({
  kind,
  combine: 'meanProbabilities',
  members: [0, 1, 2, 3],
  weights: [0.4, 0.1, 0.3, 0.2],
  temperature: 1,
  ...change,
});

async function bundleOf(all: readonly tf.LayersModel[], options: EnsembleOptions) {
  const bundle = memoryBundle();
  const { manifest, notStacked } = await exportEnsemble(
    await Promise.all(all.map(artifactsOf)),
    bundle,
    options,
  );
  return { manifest, notStacked, files: bundle.files, bundle };
}

/** Runs the stages as a runtime does, every row to the end. */
async function runStages(
  { stages = [], outputs }: BundleManifest,
  files: ReadonlyMap<string, Uint8Array>,
  inputs: HostTensors,
): Promise<readonly HostTensors[]> {
  const results: HostTensors[] = [];
  let state: HostTensors = {};
  for (const [index, { file, state: taken }] of stages.entries()) {
    expect(Object.keys(state)).toEqual(taken.map(({ name }) => name));
    const answer = await runOnnx(files.get(file)!, { ...inputs, ...state });
    const next = stages[index + 1]?.state ?? [];
    const pick = (names: readonly { readonly name: string }[]): HostTensors =>
      Object.fromEntries(names.map(({ name }) => [name, answer[name]!]));
    results.push(pick(outputs));
    state = pick(next);
  }
  return results;
}

describe('staged', () => {
  const rows = 40;
  it.each<[string, EnsemblePolicy]>([
    [
      'probabilities',
      policyOf('probabilities', {
        cascade: { order: [2, 0, 3, 1], thresholds: [0.8, 0.75, 0.7] },
        temperature: 1.4,
        conformal: { method: 'aps', alpha: 0.1, threshold: 0.8 },
        abstain: { score: 'entropy', threshold: 0.9, share: 0.1 },
      }),
    ],
    [
      'logits',
      policyOf('logits', {
        combine: 'meanLogits',
        members: [3, 1, 0],
        weights: [0.5, 0.5, 0],
        cascade: { order: [2, 1, 0], thresholds: [0.9, 0.8] },
      }),
    ],
    [
      'binary',
      policyOf('binary', {
        combine: 'medianProbabilities',
        cascade: { order: [0, 1, 2, 3], thresholds: [0.9, 0.8, 0.7] },
      }),
    ],
  ])('stops each row where ensemble-math does: %s', async (kind, policy) => {
    const { manifest, files } = await bundleOf(models.get(kind)!, { policy });
    expect(manifest.form).toBe('staged');
    const inputs = ensembleInputs(rows);
    const stages = await runStages(manifest, files, inputs);
    const want = ensembleAnswers(models.get(kind)!, manifest, inputs);
    const used = new Set<number>();
    for (let row = 0; row < rows; row++) {
      const exit = stages.findIndex(
        (stage, index) =>
          stage['probs.confidence']!.data[row]! >= (policy.cascade!.thresholds[index] ?? 0),
      );
      used.add(exit);
      for (const { name } of manifest.outputs) {
        if (name === 'probs.confidence') continue;
        const size = want[name]!.data.length / rows;
        const of = (all: HostTensors): number[] => [
          ...all[name]!.data.slice(row * size, (row + 1) * size),
        ];
        of(stages[exit]!).forEach((value, at) => {
          expect(Math.abs(value - of(want)[at]!)).toBeLessThan(1e-5);
        });
      }
    }
    expect(used.size).toBeGreaterThan(1);
  });

  it('gives each member its stage where there is no cascade', async () => {
    const policy = policyOf('probabilities', {});
    const { manifest, files } = await bundleOf(models.get('probabilities')!, {
      policy,
      form: 'staged',
    });
    expect(manifest.stages!.map(({ members }) => members)).toEqual([[0], [1], [2], [3]]);
    const inputs = ensembleInputs(5);
    const last = (await runStages(manifest, files, inputs)).at(-1)!;
    const want = ensembleAnswers(models.get('probabilities')!, manifest, inputs);
    for (const { name } of manifest.outputs)
      last[name]!.data.forEach((value, at) => {
        expect(Math.abs(value - want[name]!.data[at]!)).toBeLessThan(1e-5);
      });
  });
});

describe('separate', () => {
  it('writes each member, whose outputs are its own', async () => {
    const cascade = { order: [0, 1, 2, 3], thresholds: [0.9, 0.9, 0.9] };
    const { manifest, files } = await bundleOf(models.get('logits')!, {
      policy: policyOf('logits', { cascade }),
      form: 'separate',
    });
    const inputs = ensembleInputs(3);
    const want = memberAnswers(models.get('logits')!, inputs);
    for (const [index, { file }] of manifest.members.entries()) {
      const { probs } = await runOnnx(files.get(file!)!, inputs);
      probs!.data.forEach((value, at) => {
        expect(Math.abs(value - want[index]!['probs']!.data[at]!)).toBeLessThan(1e-5);
      });
    }
    expect(manifest.graph).toBeUndefined();
  });

  it('lies beside a fused graph where asked for', async () => {
    const { manifest } = await bundleOf(models.get('logits')!, {
      policy: policyOf('logits', {}),
      memberFiles: true,
    });
    expect(manifest.members.map(({ file }) => file)).toEqual(
      [0, 1, 2, 3].map((index) => `members/00${index}.onnx`),
    );
  });
});

describe('stacked', () => {
  const { layers } = tf;
  const initial = (seed: number) => ({
    kernelInitializer: tf.initializers.glorotUniform({ seed }),
    biasInitializer: tf.initializers.randomUniform({ minval: -1, maxval: 1, seed }),
  });
  const mean = (count: number): EnsemblePolicy => ({
    kind: 'regression',
    combine: 'mean',
    members: Array.from({ length: count }, (_, index) => index),
    weights: Array.from({ length: count }, () => 1 / count),
    temperature: 1,
  });
  const image = (): tf.SymbolicTensor => tf.input({ shape: [8, 8, 3], name: 'x' });

  const architectures: Record<string, (seed: number) => tf.LayersModel> = {
    'a residual network with batch norm'(seed) {
      const x = image();
      const conv = (of: tf.SymbolicTensor, at: number, strides = 1): tf.SymbolicTensor => {
        const made = layers.conv2d({
          filters: 4,
          kernelSize: 3,
          padding: 'same',
          strides,
          ...initial(seed + at),
        });
        return made.apply(of) as tf.SymbolicTensor;
      };
      const norm = (of: tf.SymbolicTensor, at: number): tf.SymbolicTensor =>
        layers
          .batchNormalization({
            movingMeanInitializer: tf.initializers.randomUniform({
              minval: -1,
              maxval: 1,
              seed: seed + at,
            }),
            movingVarianceInitializer: tf.initializers.randomUniform({
              minval: 0.5,
              maxval: 2,
              seed: seed + at,
            }),
            betaInitializer: tf.initializers.randomUniform({
              minval: -1,
              maxval: 1,
              seed: seed + at,
            }),
          })
          .apply(of) as tf.SymbolicTensor;
      const relu = (of: tf.SymbolicTensor): tf.SymbolicTensor =>
        layers.reLU().apply(of) as tf.SymbolicTensor;
      const first = relu(norm(conv(x, 1), 2));
      const second = relu(
        layers.add().apply([norm(conv(first, 3), 4), first]) as tf.SymbolicTensor,
      );
      const third = norm(relu(second), 5);
      const pooled = layers.globalAveragePooling2d({}).apply(third) as tf.SymbolicTensor;
      const y = layers.dense({ units: 3, name: 'y', ...initial(seed + 6) }).apply(pooled);
      return tf.model({ inputs: x, outputs: y as tf.SymbolicTensor });
    },
    'depthwise and separable convolutions'(seed) {
      return tf.sequential({
        layers: [
          layers.depthwiseConv2d({
            kernelSize: 3,
            depthMultiplier: 2,
            inputShape: [8, 8, 3],
            depthwiseInitializer: tf.initializers.glorotUniform({ seed }),
            name: 'x',
          }),
          layers.separableConv2d({
            filters: 4,
            kernelSize: 3,
            depthwiseInitializer: tf.initializers.glorotUniform({ seed }),
            pointwiseInitializer: tf.initializers.glorotUniform({ seed }),
          }),
          layers.maxPooling2d({ poolSize: 2 }),
          layers.flatten(),
          layers.dense({ units: 5, activation: 'tanh', ...initial(seed) }),
          layers.dense({ units: 2, name: 'y', ...initial(seed + 1) }),
        ],
      });
    },
    'two branches that are joined'(seed) {
      const x = image();
      const branch = (size: number): tf.SymbolicTensor =>
        layers
          .conv2d({
            filters: 2,
            kernelSize: size,
            padding: 'same',
            activation: 'elu',
            ...initial(seed + size),
          })
          .apply(x) as tf.SymbolicTensor;
      const joined = layers.concatenate().apply([branch(1), branch(3)]) as tf.SymbolicTensor;
      const flat = layers
        .flatten()
        .apply(layers.averagePooling2d({ poolSize: 2 }).apply(joined)) as tf.SymbolicTensor;
      return tf.model({
        inputs: x,
        outputs: layers
          .dense({ units: 2, name: 'y', ...initial(seed) })
          .apply(flat) as tf.SymbolicTensor,
      });
    },
  };

  it.each(Object.keys(architectures))('computes %s for all members at once', async (name) => {
    const all = [10, 20, 30].map((seed) => architectures[name]!(seed));
    const { manifest, notStacked, files } = await bundleOf(all, {
      policy: mean(3),
      form: 'stacked',
    });
    expect(notStacked).toEqual([]);
    const data = tf.randomNormal([3, 8, 8, 3], 0, 1, 'float32', 1).dataSync<'float32'>();
    const input = manifest.inputs[0]!.name;
    const output = manifest.outputs[0]!.name;
    const results = await checkParity({
      bytes: files.get('ensemble.onnx')!,
      ort,
      inputs: [{ [input]: { data, shape: [3, 8, 8, 3] } }],
      predict: () => {
        const each = all.map((model) =>
          (model.predict(tf.tensor(data, [3, 8, 8, 3])) as tf.Tensor).dataSync<'float32'>(),
        );
        const values = each[0]!.map((_, at) => each.reduce((sum, own) => sum + own[at]! / 3, 0));
        return { [output]: { data: values, shape: [3, values.length / 3] } };
      },
      absolute: 1e-5,
      relative: 1e-5,
    });
    expect(results.filter(({ isClose }) => !isClose)).toEqual([]);
  });

  it('says what it computes member by member, and why', async () => {
    const all = [1, 2].map((seed) =>
      tf.sequential({
        layers: [
          layers.lstm({
            units: 4,
            inputShape: [5, 3],
            kernelInitializer: tf.initializers.glorotUniform({ seed }),
            recurrentInitializer: tf.initializers.glorotUniform({ seed }),
            recurrentActivation: 'sigmoid',
            name: 'x',
          }),
          layers.dense({ units: 2, name: 'y', ...initial(seed) }),
        ],
      }),
    );
    const { notStacked, files, manifest } = await bundleOf(all, {
      policy: mean(2),
      form: 'stacked',
    });
    expect(notStacked.map(({ reason }) => reason)).toContain(
      'LSTM has no form that works on several members',
    );
    const data = tf.randomNormal([2, 5, 3], 0, 1, 'float32', 1).dataSync<'float32'>();
    const answer = await runOnnx(files.get('ensemble.onnx')!, {
      [manifest.inputs[0]!.name]: { data, shape: [2, 5, 3] },
    });
    const each = all.map((model) =>
      (model.predict(tf.tensor(data, [2, 5, 3])) as tf.Tensor).dataSync<'float32'>(),
    );
    answer[manifest.outputs[0]!.name]!.data.forEach((value, at) => {
      expect(Math.abs(value - (each[0]![at]! + each[1]![at]!) / 2)).toBeLessThan(1e-5);
    });
  });

  it('is noticed where one weight is another', async () => {
    const all = [10, 20, 30].map((seed) => architectures['two branches that are joined']!(seed));
    const right = await bundleOf(all, { policy: mean(3), form: 'stacked' });
    const [first] = all;
    const kernel = first!.layers[1]!.getWeights()[0]!;
    first!.layers[1]!.setWeights([kernel.mul(1.01), first!.layers[1]!.getWeights()[1]!]);
    const wrong = await bundleOf(all, { policy: mean(3), form: 'stacked' });
    const inputs = { x: { data: new Float32Array(192).fill(0.5), shape: [1, 8, 8, 3] } };
    const [a, b] = await Promise.all(
      [right, wrong].map(({ files }) => runOnnx(files.get('ensemble.onnx')!, inputs)),
    );
    expect(a!['y']!.data).not.toEqual(b!['y']!.data);
  });

  it('is the fused graph where members differ in structure', async () => {
    const dense = (units: number): tf.LayersModel =>
      tf.sequential({
        layers: [
          layers.dense({ units, inputShape: [2], name: `x${units}` }),
          layers.dense({ units: 1, name: 'y' }),
        ],
      });
    const { notStacked } = await bundleOf([dense(3), dense(4)], {
      policy: mean(2),
      form: 'stacked',
      inputNames: { x3_input: 'x', x4_input: 'x' },
    });
    expect(notStacked).toEqual([
      { node: 'all', reason: 'operator x4/Gemm of member 1 is another than x3/Gemm of member 0' },
    ]);
  });
});

describe('a bundle read back', () => {
  it.each(['fused', 'stacked', 'staged', 'separate'] as const)('verifies: %s', async (form) => {
    const { bundle } = await bundleOf(models.get('probabilities')!, {
      policy: policyOf('probabilities', {}),
      form,
    });
    const read = await readBundle(bundle);
    await read.verify();
    expect(read.manifest.form).toBe(form);
  });
});
