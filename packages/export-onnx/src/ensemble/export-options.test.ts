import { memoryBundle, readBundle } from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { ModelArtifacts, NamedTensor, SnapshotStore } from '@snapshot-ensemble/snapshot-core';
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportEnsemble } from '../../test/checked-export.ts';
import { ensembleInputs, memberAnswers, membersFor } from '../../test/ensembles.ts';
import { runOnnx } from '../../test/run-onnx.ts';
import { artifactsOf, tf } from '../../test/tfjs.ts';
import type { EnsembleOptions } from '../index.ts';

const { layers } = tf;
const mean = (kind: EnsemblePolicy['kind'], count: number): EnsemblePolicy => ({
  kind,
  combine: kind === 'regression' ? 'mean' : 'meanProbabilities',
  members: Array.from({ length: count }, (_, index) => index),
  weights: Array.from({ length: count }, () => 1 / count),
  temperature: 1,
});

let probabilities: readonly tf.Sequential[];
let logits: readonly tf.Sequential[];
beforeAll(() => {
  probabilities = membersFor('probabilities');
  logits = membersFor('logits');
});

async function bundleOf(models: readonly tf.LayersModel[], options: EnsembleOptions) {
  const bundle = memoryBundle();
  const artifacts = await Promise.all(models.map(artifactsOf));
  const { manifest } = await exportEnsemble(artifacts, bundle, options);
  return { bundle, manifest };
}

describe('what a graph cannot honour is refused, and nothing is written', () => {
  const cascade = { order: [0, 1, 2, 3], thresholds: [0.9, 0.9, 0.9] };
  it.each<
    [string, 'probabilities' | 'logits', Partial<EnsembleOptions>, Partial<EnsemblePolicy>, RegExp]
  >([
    [
      'a cascade in one graph',
      'probabilities',
      { form: 'fused' },
      { cascade },
      /a fused graph runs all members; export with form "staged"/,
    ],
    [
      'a cascade of too few thresholds',
      'probabilities',
      {},
      { cascade: { ...cascade, thresholds: [0.9] } },
      /1 cascade thresholds for 4 members/,
    ],
    [
      'softmax members as logits',
      'probabilities',
      {},
      { kind: 'logits' },
      /end in Softmax, which gives probabilities: use kind "probabilities"/,
    ],
    ['softmax members as labels', 'probabilities', {}, { kind: 'multi-label' }, /end in Softmax/],
    [
      'linear members as probabilities',
      'logits',
      {},
      { kind: 'probabilities' },
      /end in Gemm, which gives unbounded values: use kind "logits"/,
    ],
    [
      'linear members as labels',
      'logits',
      {},
      { kind: 'multi-label' },
      /name the output in sigmoidOutputs/,
    ],
    ['three values as one', 'logits', {}, { kind: 'binary' }, /there are 3 values per row/],
    ['a rule for other kinds', 'logits', {}, { combine: 'mean' }, /a rule for other kinds/],
    [
      'intervals of classes',
      'logits',
      {},
      { conformal: { method: 'absolute', alpha: 0.1, threshold: 1 } },
      /"absolute", which does not fit/,
    ],
    [
      'thresholds for other classes',
      'logits',
      {},
      { conformal: { method: 'aps', alpha: 0.1, threshold: 1, classThresholds: [1] } },
      /1 conformal thresholds for 3 classes/,
    ],
    [
      'energy of probabilities',
      'probabilities',
      {},
      { abstain: { score: 'energy', threshold: 1, share: 0 } },
      /"energy", which kind "probabilities" does not have/,
    ],
    ['negative weights', 'logits', {}, { weights: [-1, 1, 0.5, 0.5] }, /must not be negative/],
  ])('%s', async (_, kind, options, change, message) => {
    const bundle = memoryBundle();
    const models = kind === 'logits' ? logits : probabilities;
    const artifacts = await Promise.all(models.map(artifactsOf));
    const policy = { ...mean(kind, 4), ...change };
    await expect(exportEnsemble(artifacts, bundle, { policy, ...options })).rejects.toMatchObject({
      code: 'invalid-policy',
      message: expect.stringMatching(message),
    });
    expect(bundle.files.size).toBe(0);
  });
});

describe('smoke', () => {
  const inputs = ensembleInputs(2);

  it('holds what the members answered, combined by ensemble-math', async () => {
    const { bundle, manifest } = await bundleOf(probabilities, {
      policy: mean('probabilities', 4),
      smoke: { inputs, predictMembers: (given) => memberAnswers(probabilities, given) },
    });
    const smoke = (await (await readBundle(bundle)).readSmokeTest())!;
    const answer = await runOnnx(bundle.files.get('ensemble.onnx')!, inputs);
    for (const { name, data } of smoke.expected.outputs)
      data.forEach((value, at) => {
        expect(Math.abs(Number(value) - answer[name]!.data[at]!)).toBeLessThan(1e-5);
      });
    expect(manifest.provenance['smoke']).toMatch(/the members' own answers/);
  });

  it('shows a graph that does not answer as the members did', async () => {
    const { bundle } = await bundleOf(probabilities, {
      policy: mean('probabilities', 4),
      smoke: {
        inputs,
        predictMembers: (given) =>
          memberAnswers(
            probabilities.toReversed().map((model, at) => (at === 0 ? probabilities[0]! : model)),
            given,
          ),
      },
    });
    const smoke = (await (await readBundle(bundle)).readSmokeTest())!;
    const answer = await runOnnx(bundle.files.get('ensemble.onnx')!, inputs);
    const [first] = smoke.expected.outputs;
    expect(Math.abs(Number(first!.data[0]) - answer['probs']!.data[0]!)).toBeGreaterThan(1e-4);
  });

  it('is none where none is given, and the bundle says so', async () => {
    const { bundle, manifest } = await bundleOf(probabilities, {
      policy: mean('probabilities', 4),
    });
    expect(await (await readBundle(bundle)).readSmokeTest()).toBeUndefined();
    expect(manifest.provenance['smoke']).toMatch(/^none/);
    expect(new TextDecoder().decode(bundle.files.get('CARD.md'))).toContain(
      'carries no smoke test',
    );
  });

  it('finds members that give another kind than the policy says', async () => {
    const softmax = memberAnswers(probabilities, inputs);
    const refused = bundleOf(logits, {
      policy: mean('logits', 4),
      smoke: { inputs, predictMembers: () => softmax },
    });
    await expect(refused).rejects.toMatchObject({
      code: 'invalid-policy',
      message: expect.stringMatching(
        /rows of probabilities that sum to 1, so the softmax would be taken twice/,
      ),
    });
  });
});

describe('preprocess', () => {
  it('does to uint8 pixels in the graph what tfjs does before the model', async () => {
    const pixels = Uint8Array.from({ length: 2 * 9 * 11 * 2 }, (_, at) => (at * 37) % 256);
    const steps = {
      layout: 'nhwc',
      resize: { height: 6, width: 6, method: 'bilinear' },
      scale: 1 / 255,
      mean: [0.4, 0.5],
      deviation: [0.2, 0.3],
    } as const;
    const given = tf.tidy(() => {
      const resized = tf.image.resizeBilinear(
        tf.tensor4d(pixels, [2, 9, 11, 2], 'float32'),
        [6, 6],
      );
      return resized
        .mul(steps.scale)
        .sub([...steps.mean])
        .div([...steps.deviation]);
    });
    const want = memberAnswers(probabilities, {
      conv_input: { data: given.dataSync<'float32'>(), shape: [2, 6, 6, 2] },
    });
    for (const form of ['fused', 'stacked', 'staged', 'separate'] as const) {
      const { bundle, manifest } = await bundleOf(probabilities, {
        policy: mean('probabilities', 4),
        form,
        preprocess: { conv_input: steps },
      });
      expect(manifest.inputs).toEqual([
        {
          name: 'conv_input',
          dtype: 'uint8',
          shape: [null, 'conv_input_height', 'conv_input_width', 2],
        },
      ]);
      const file = manifest.graph ?? manifest.stages?.[0]?.file ?? manifest.members[0]!.file!;
      const answer = await runOnnx(bundle.files.get(file)!, {
        conv_input: { data: pixels, shape: [2, 9, 11, 2] },
      });
      const members = manifest.graph === undefined ? want.slice(0, 1) : want;
      answer['probs']!.data.forEach((value, at) => {
        const expected = members.reduce(
          (sum, { probs }) => sum + probs!.data[at]! / members.length,
          0,
        );
        expect(Math.abs(value - expected)).toBeLessThan(1e-5);
      });
    }
  });

  it.each([
    [
      { layout: 'nhwc', scale: 1, mean: [1, 2, 3], deviation: [1] },
      /3 numbers as mean for 2 channels/,
    ],
    [
      {
        layout: 'nhwc',
        scale: 1,
        mean: [0],
        deviation: [1],
        resize: { height: 5, width: 6, method: 'nearest' },
      },
      /is resized to 5 × 6, but the members take 6 × 6/,
    ],
  ] as const)('refuses %j', async (steps, message) => {
    await expect(
      bundleOf(probabilities, {
        policy: mean('probabilities', 4),
        preprocess: { conv_input: steps },
      }),
    ).rejects.toThrow(message);
  });
});

it('adds the sigmoid to outputs that are logits', async () => {
  const model = (seed: number): tf.LayersModel =>
    tf.sequential({
      layers: [
        layers.dense({
          units: 1,
          inputShape: [2],
          kernelInitializer: tf.initializers.glorotUniform({ seed }),
          name: 'y',
        }),
      ],
    });
  const all = [model(1), model(2)];
  const { bundle } = await bundleOf(all, { policy: mean('binary', 2), sigmoidOutputs: ['y'] });
  const data = Float32Array.of(1, -2, 0.5, 3);
  const answer = await runOnnx(bundle.files.get('ensemble.onnx')!, {
    y_input: { data, shape: [2, 2] },
  });
  const each = all.map((member) =>
    tf.sigmoid(member.predict(tf.tensor2d(data, [2, 2])) as tf.Tensor).dataSync<'float32'>(),
  );
  answer['y']!.data.forEach((value, at) => {
    expect(Math.abs(value - (each[0]![at]! + each[1]![at]!) / 2)).toBeLessThan(1e-6);
  });
});

it('takes sequences of any length', async () => {
  const model = (seed: number): tf.LayersModel =>
    tf.sequential({
      layers: [
        layers.conv1d({
          filters: 4,
          kernelSize: 3,
          padding: 'same',
          inputShape: [null, 2],
          kernelInitializer: tf.initializers.glorotUniform({ seed }),
          name: 'x',
        }),
        layers.dense({
          units: 3,
          activation: 'softmax',
          kernelInitializer: tf.initializers.glorotUniform({ seed }),
          name: 'y',
        }),
      ],
    });
  const all = [model(1), model(2)];
  const { bundle, manifest } = await bundleOf(all, { policy: mean('probabilities', 2) });
  expect(manifest.inputs[0]!.shape).toEqual([null, 'x_input_dim1', 2]);
  for (const length of [4, 9]) {
    const data = tf.randomNormal([2, length, 2], 0, 1, 'float32', 1).dataSync<'float32'>();
    const answer = await runOnnx(bundle.files.get('ensemble.onnx')!, {
      x_input: { data, shape: [2, length, 2] },
    });
    const each = all.map((member) =>
      (member.predict(tf.tensor3d(data, [2, length, 2])) as tf.Tensor).dataSync<'float32'>(),
    );
    answer['y']!.data.forEach((value, at) => {
      expect(Math.abs(value - (each[0]![at]! + each[1]![at]!) / 2)).toBeLessThan(1e-6);
    });
  }
});

describe('memory', () => {
  /** Three members that share their first layer, as a store that counts who is read and how often. */
  async function countingStore(): Promise<{
    store: SnapshotStore;
    reads: string[];
    all: readonly ModelArtifacts[];
  }> {
    const [shared] = tf
      .sequential({ layers: [layers.dense({ units: 64, inputShape: [64] })] })
      .getWeights();
    const all = await Promise.all(
      [0, 1, 2].map((seed) => {
        const model = tf.sequential({
          layers: [
            layers.dense({ units: 64, inputShape: [64], name: 'x' }),
            layers.dense({
              units: 64,
              kernelInitializer: tf.initializers.glorotUniform({ seed }),
              name: 'y',
            }),
          ],
        });
        model.layers[0]!.setWeights([shared!, tf.zeros([64])]);
        return artifactsOf(model);
      }),
    );
    const reads: string[] = [];
    const member = (index: number) => ({
      id: `m${index}`,
      cycle: index,
      step: index,
      learningRate: 0,
      metrics: {},
      key: '',
      sha256: '',
      bytes: 0,
    });
    const store = {
      readManifest: () =>
        Promise.resolve({ run: 'r', createdAt: '', versions: {}, members: [0, 1, 2].map(member) }),
      readModel: () =>
        Promise.resolve({
          format: 'tfjs-layers-model',
          topology: all[0]!.modelTopology,
          weights: [],
        }),
      async *readMember(id: string): AsyncGenerator<NamedTensor> {
        reads.push(id);
        const { weightSpecs, weightData } = all[Number(id.slice(1))]!;
        let offset = 0;
        for (const { name, shape } of all[0]!.weightSpecs) {
          const length = shape.reduce((product, side) => product * side, 1);
          yield await Promise.resolve({
            name,
            shape,
            dtype: 'float32' as const,
            data: new Float32Array(weightData as ArrayBuffer, offset, length),
          });
          offset += 4 * length;
        }
        expect(weightSpecs.length).toBe(4);
      },
    };
    return { store: store as unknown as SnapshotStore, reads, all };
  }

  it('reads each member of a store twice, one after the other, and writes what it would with all at hand', async () => {
    const { store, reads, all } = await countingStore();
    const [streamed, held] = [memoryBundle(), memoryBundle()];
    await exportEnsemble(store, streamed, { policy: mean('regression', 3) });
    expect(reads).toEqual(['m0', 'm1', 'm2', 'm0', 'm1', 'm2']);
    const { modelTopology, weightSpecs } = all[0]!;
    await exportEnsemble(
      all.map((artifacts) => ({ ...artifacts, modelTopology, weightSpecs })),
      held,
      { policy: mean('regression', 3) },
    );
    expect(streamed.files.get('ensemble.onnx')).toEqual(held.files.get('ensemble.onnx'));
    // The layer that all share is stored once: one member's two layers and two more.
    expect(streamed.files.get('ensemble.onnx')!.length).toBeLessThan(4 * 4 * 64 * 65 + 6000);
  });

  it('puts weights into a file of their own where asked to', async () => {
    const { store } = await countingStore();
    const bundle = memoryBundle();
    const { manifest } = await exportEnsemble(store, bundle, {
      policy: mean('regression', 3),
      externalData: true,
    });
    expect(Object.keys(manifest.files)).toEqual(['ensemble.onnx.data', 'ensemble.onnx', 'CARD.md']);
    const session = await ort.InferenceSession.create(bundle.files.get('ensemble.onnx')!, {
      externalData: [{ path: 'ensemble.onnx.data', data: bundle.files.get('ensemble.onnx.data')! }],
    });
    expect(session.outputNames).toContain('y');
    await session.release();
  });
});
