import { memoryBundle, readBundle } from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import { memoryBlobs } from '@snapshot-ensemble/snapshot-core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { largestDifference, runStages, storeOf } from '../../test/bundles.ts';
import { exportEnsemble, exportOnnx } from '../../test/checked-export.ts';
import { graphInputs, graphPredictor, loadGraphModel, realModel } from '../../test/graph-models.ts';
import { runOnnx } from '../../test/run-onnx.ts';
import { artifactsOf, tf } from '../../test/tfjs.ts';
import {
  checkParity,
  ensembleAnswers,
  readOnnx,
  type ExportEnsembleOptions,
  type GraphModelArtifacts,
  type HostTensors,
} from '../index.ts';

const MEMBERS = 3;
const all = Array.from({ length: MEMBERS }, (_, index) => index);
const policy: EnsemblePolicy = {
  kind: 'probabilities',
  combine: 'meanProbabilities',
  members: all,
  weights: [0.5, 0.3, 0.2],
  temperature: 1,
};

/** The last convolution of a model: what comes after it is not needed. */
function lastConvolution({ modelTopology }: GraphModelArtifacts): string {
  const { node } = modelTopology as { node: { name: string; op: string }[] };
  return node.filter(({ op }) => op === '_FusedConv2D' || op === 'Conv2D').at(-1)!.name;
}

function head(shape: readonly number[], seed: number): tf.Sequential {
  const initializer = tf.initializers.glorotUniform({ seed });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        filters: 4,
        kernelSize: 1,
        activation: 'relu',
        inputShape: [...shape],
        kernelInitializer: initializer,
        name: 'squeeze',
      }),
      tf.layers.globalAveragePooling2d({ name: 'pool' }),
      tf.layers.dense({
        units: 3,
        activation: 'softmax',
        kernelInitializer: initializer,
        name: 'kinds',
      }),
    ],
  });
}

interface Setting {
  readonly backbone: GraphModelArtifacts;
  readonly cutAt: readonly string[];
  readonly heads: readonly tf.Sequential[];
  readonly inputs: HostTensors;
  /** What tfjs makes of the backbone and then of each head. */
  readonly predict: (inputs: HostTensors) => Promise<readonly HostTensors[]>;
}

async function settingOf(name: string): Promise<Setting> {
  const backbone = await realModel('human', name);
  const cutAt = [lastConvolution(backbone)];
  const cut = exportOnnx(backbone, { cutAt });
  const shape = cut.outputs[0]!.shape.slice(1) as number[];
  const heads = all.map((index) => head(shape, 7 + index));
  const model = await loadGraphModel(backbone);
  const features = graphPredictor(
    model,
    cut.inputs.map((input) => input.name),
    { features: cutAt[0]! },
  );
  return {
    backbone,
    cutAt,
    heads,
    inputs: graphInputs(cut.inputs, 3),
    predict: async (inputs) => {
      const { data, shape: dims } = (await features(inputs))['features']!;
      return heads.map((each) =>
        tf.tidy(() => {
          const answer = each.predict(tf.tensor(data, [...dims])) as tf.Tensor;
          return { kinds: { data: answer.dataSync<'float32'>(), shape: answer.shape } };
        }),
      );
    },
  };
}

async function bundleOf(
  { backbone, cutAt, heads }: Setting,
  options: Partial<ExportEnsembleOptions>,
) {
  const bundle = memoryBundle();
  const exported = await exportEnsemble(await Promise.all(heads.map(artifactsOf)), bundle, {
    policy,
    backbone,
    cutAt,
    ...options,
  });
  return { ...exported, files: bundle.files, bundle };
}

const setting = await settingOf('liveness');
const alone = exportOnnx(setting.backbone, { cutAt: setting.cutAt });
const convolutions = (bytes: Uint8Array): number =>
  readOnnx(bytes).nodes.filter(({ opType }) => opType === 'Conv').length;

describe('heads of layers on a cut inside a graph model', () => {
  it.each(['fused', 'stacked'] as const)('has the backbone once: %s', async (form) => {
    const { manifest, files, notStacked } = await bundleOf(setting, { form });
    const bytes = files.get('ensemble.onnx')!;
    const results = await checkParity({
      bytes,
      ort,
      inputs: [setting.inputs],
      predict: async (inputs) => ensembleAnswers(manifest, await setting.predict(inputs)),
      absolute: 1e-5,
      relative: 1e-5,
    });
    expect(results.filter(({ isClose }) => !isClose)).toEqual([]);
    expect(notStacked).toEqual([]);
    const own = form === 'fused' ? MEMBERS : 1;
    expect(convolutions(bytes)).toBe(convolutions(alone.bytes) + own);
    // Three heads, one combination.
    expect(bytes.length).toBeLessThan(alone.bytes.length + 20_000);
  });

  it('computes it in the first stage only, which passes it on', async () => {
    const { manifest, files, bundle } = await bundleOf(setting, { form: 'staged' });
    const answer = (await runStages(manifest, files, setting.inputs)).at(-1)!;
    const want = ensembleAnswers(manifest, await setting.predict(setting.inputs));
    for (const [name, { data }] of Object.entries(want))
      expect(largestDifference(answer[name]!.data, data), name).toBeLessThan(1e-5);
    const counts = (manifest.stages ?? []).map(({ file }) => convolutions(files.get(file)!));
    expect(counts).toEqual([convolutions(alone.bytes) + 1, 1, 1]);
    expect((await readBundle(bundle)).manifest.stages).toEqual(manifest.stages);
  });

  it('is in each member that stands alone', async () => {
    const { manifest, files } = await bundleOf(setting, { form: 'separate' });
    const want = await setting.predict(setting.inputs);
    for (const [index, { file }] of manifest.members.entries()) {
      const answer = await runOnnx(files.get(file!)!, setting.inputs);
      expect(largestDifference(answer['kinds']!.data, want[index]!['kinds']!.data)).toBeLessThan(
        1e-5,
      );
    }
  });

  it.each(['float16', 'int8-dynamic', 'static'] as const)('takes a precision: %s', async (name) => {
    const precision =
      name === 'static' ? { kind: 'int8-static' as const, ort, rows: [setting.inputs] } : name;
    for (const form of ['fused', 'stacked'] as const) {
      const { manifest, files } = await bundleOf(setting, { precision, form });
      const answer = await runOnnx(files.get('ensemble.onnx')!, setting.inputs);
      const want = ensembleAnswers(manifest, await setting.predict(setting.inputs));
      expect(largestDifference(answer['kinds']!.data, want['kinds']!.data)).toBeLessThan(0.1);
      if (name !== 'int8-dynamic')
        expect(files.get('ensemble.onnx')!.length).toBeLessThan(0.7 * alone.bytes.length);
    }
  });

  it('takes the snapshots of a head from a store, and writes what it would of models', async () => {
    const store = await storeOf(await Promise.all(setting.heads.map(artifactsOf)), memoryBlobs());
    const bundle = memoryBundle();
    await exportEnsemble(store, bundle, {
      policy,
      backbone: setting.backbone,
      cutAt: setting.cutAt,
    });
    const { files } = await bundleOf(setting, {});
    expect(bundle.files.get('ensemble.onnx')).toEqual(files.get('ensemble.onnx'));
  });

  it('refuses heads that it does not fit', async () => {
    const heads = all.map((index) => head([5, 5, 3], index));
    await expect(bundleOf({ ...setting, heads }, {})).rejects.toThrow(
      /The backbone's output ".+" has shape \[N, .+\], but the members' input "squeeze_input" takes \[N, 5, 5, 3\]/,
    );
  });

  it('is noticed where one weight of a head is another', async () => {
    const { manifest, files } = await bundleOf(setting, {});
    const other = { ...setting, heads: [setting.heads[0]!, setting.heads[0]!, setting.heads[2]!] };
    const wrong = (await bundleOf(other, {})).files.get('ensemble.onnx')!;
    const want = ensembleAnswers(manifest, await setting.predict(setting.inputs));
    const answer = await runOnnx(wrong, setting.inputs);
    expect(largestDifference(answer['kinds']!.data, want['kinds']!.data)).toBeGreaterThan(1e-3);
    expect(files.get('ensemble.onnx')).not.toEqual(wrong);
  });
});

describe('graph models as members', () => {
  it('computes once what they share', async () => {
    const model = await realModel('human', 'liveness');
    const changed = withOtherBias(model, 0.5);
    const bundle = memoryBundle();
    const { manifest } = await exportEnsemble([model, changed], bundle, {
      policy: { ...policy, members: [0, 1], weights: [0.5, 0.5] },
    });
    const bytes = bundle.files.get('ensemble.onnx')!;
    const single = exportOnnx(model);
    const inputs = graphInputs(single.inputs, 2);
    const name = single.outputs[0]!.name;
    const predictors = await Promise.all(
      [model, changed].map(async (each) => {
        const loaded = await loadGraphModel(each);
        return graphPredictor(
          loaded,
          single.inputs.map((input) => input.name),
          { [name]: loaded.outputs[0]!.name },
        );
      }),
    );
    const answers = await Promise.all(predictors.map((predict) => predict(inputs)));
    expect(largestDifference(answers[0]![name]!.data, answers[1]![name]!.data)).toBeGreaterThan(
      1e-3,
    );
    const results = await checkParity({
      bytes,
      ort,
      inputs: [inputs],
      predict: () => ensembleAnswers(manifest, answers),
    });
    expect(results.filter(({ isClose }) => !isClose)).toEqual([]);
    expect(convolutions(bytes)).toBe(convolutions(single.bytes));
    expect(bytes.length).toBeLessThan(single.bytes.length * 1.2);
  });
});

/** The model with the first number of its last bias larger by an amount. */
function withOtherBias(model: GraphModelArtifacts, amount: number): GraphModelArtifacts {
  const bytes = new Uint8Array(model.weightData as ArrayBuffer).slice();
  const at = model.weightSpecs.findIndex(({ name }) => name.includes('dense_2/BiasAdd'));
  const before = model.weightSpecs
    .slice(0, at)
    .map(({ shape }) => shape.reduce((product, side) => product * side, 1));
  // Every weight of this model takes four bytes an element.
  const values = new Float32Array(bytes.buffer);
  values[before.reduce((sum, count) => sum + count, 0)]! += amount;
  return { ...model, weightData: bytes.buffer };
}
