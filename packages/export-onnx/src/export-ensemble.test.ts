import { compareAnswer, memoryBundle, readBundle } from '@snapshot-ensemble/ensemble-bundle';
import { applyPolicy, type EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { compareWithFile } from '../test/independent-reader.ts';
import { artifactsOf, tf } from '../test/tfjs.ts';
import { checkParity, exportEnsemble, type EnsembleOptions, type HostTensors } from './index.ts';

const classes = 3;

/** A small CNN; `activation` of its head decides what it is good for. */
function model(activation: 'softmax' | 'linear', seed: number): tf.Sequential {
  const initializer = (offset: number): object => ({
    kernelInitializer: tf.initializers.glorotUniform({ seed: seed + offset }),
    biasInitializer: tf.initializers.randomUniform({ minval: -1, maxval: 1, seed: seed + offset }),
  });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        filters: 4,
        kernelSize: 3,
        inputShape: [6, 6, 2],
        ...initializer(1),
        name: 'conv',
      }),
      tf.layers.flatten(),
      tf.layers.dense({ units: classes, activation, ...initializer(2), name: 'probs' }),
    ],
  });
}

const heads = { probabilities: 'softmax', logits: 'linear', regression: 'linear' } as const;
type Kind = keyof typeof heads;
const models = new Map<Kind, readonly tf.Sequential[]>();

beforeAll(() => {
  for (const kind of Object.keys(heads) as Kind[])
    models.set(
      kind,
      [10, 20, 30, 40].map((seed) => model(heads[kind], seed)),
    );
});

function inputs(rows: number): HostTensors {
  const data = tf.randomNormal([rows, 6, 6, 2], 0, 3, 'float32', rows).dataSync<'float32'>();
  return { conv_input: { data, shape: [rows, 6, 6, 2] } };
}

async function bundleOf(
  kind: Kind,
  options: EnsembleOptions,
): Promise<ReturnType<typeof memoryBundle>> {
  const bundle = memoryBundle();
  await exportEnsemble(await Promise.all(models.get(kind)!.map(artifactsOf)), bundle, options);
  compareWithFile(undefined, bundle.files.get('ensemble.onnx')!);
  return bundle;
}

/** What ensemble-math makes of the members' tfjs predictions, by output name. */
function expected(kind: Kind, policy: EnsemblePolicy, given: HostTensors): HostTensors {
  const { data, shape } = given['conv_input']!;
  const rows = shape[0]!;
  const members = models
    .get(kind)!
    .map((member) =>
      tf.tidy(() =>
        (member.predict(tf.tensor(data, [...shape])) as tf.Tensor).dataSync<'float32'>(),
      ),
    );
  const result = applyPolicy(policy, { members, rows, classes });
  const tensor = (values: ArrayLike<number>, ...inner: number[]) => ({
    data: Float32Array.from(values),
    shape: [rows, ...inner],
  });
  const stacked = Array.from({ length: rows }, (_, row) =>
    members.flatMap((member) => [...member.slice(row * classes, (row + 1) * classes)]),
  ).flat();
  const { uncertainty, variance } = result;
  return {
    probs: tensor(result.outputs.data, classes),
    'probs.members': tensor(stacked, members.length, classes),
    ...(variance && { 'probs.variance': tensor(variance.data, classes) }),
    ...(uncertainty && {
      'probs.predictive_entropy': tensor(uncertainty.predictiveEntropy, 1),
      'probs.expected_entropy': tensor(uncertainty.expectedEntropy, 1),
      'probs.mutual_information': tensor(uncertainty.mutualInformation, 1),
    }),
  };
}

const weights = [0.4, 0.1, 0.3, 0.2];
const all = [0, 1, 2, 3];

describe('exportEnsemble', () => {
  it.each<Pick<EnsemblePolicy, 'kind' | 'combine'> & Partial<EnsemblePolicy>>([
    { kind: 'probabilities', combine: 'meanProbabilities' },
    { kind: 'probabilities', combine: 'meanProbabilities', members: [3, 1], weights: [0.5, 0.5] },
    { kind: 'probabilities', combine: 'meanProbabilities', members: [2], weights: [1] },
    { kind: 'probabilities', combine: 'meanProbabilities', temperature: 2.5 },
    { kind: 'probabilities', combine: 'meanLogits', temperature: 0.7 },
    { kind: 'probabilities', combine: 'geometricMean' },
    { kind: 'probabilities', combine: 'medianProbabilities' },
    { kind: 'probabilities', combine: 'medianProbabilities', weights: [0.25, 0.25, 0.25, 0.25] },
    { kind: 'probabilities', combine: 'medianProbabilities', weights: [0.5, 0, 0.25, 0.25] },
    { kind: 'probabilities', combine: 'majorityVote' },
    { kind: 'logits', combine: 'meanProbabilities' },
    { kind: 'logits', combine: 'meanLogits', temperature: 3 },
    { kind: 'logits', combine: 'geometricMean' },
    { kind: 'logits', combine: 'medianProbabilities' },
    { kind: 'logits', combine: 'majorityVote' },
    { kind: 'regression', combine: 'mean' },
    { kind: 'regression', combine: 'median' },
    { kind: 'regression', combine: 'median', members: [0, 1, 2], weights: [0.2, 0.2, 0.6] },
  ])('computes what ensemble-math does: %j', async (change) => {
    const policy: EnsemblePolicy = { members: all, weights, temperature: 1, ...change };
    const bundle = await bundleOf(policy.kind, { policy });
    const results = await checkParity({
      bytes: bundle.files.get('ensemble.onnx')!,
      ort,
      inputs: [inputs(1), inputs(5)],
      predict: (given) => expected(policy.kind, policy, given),
      absolute: 1e-5,
      relative: 1e-5,
    });
    expect(results.length).toBe(policy.kind === 'regression' ? 3 : 5);
    expect(results.filter(({ isClose }) => !isClose)).toEqual([]);
  });

  it('describes the graph in a manifest that reads back', async () => {
    const policy: EnsemblePolicy = {
      kind: 'probabilities',
      combine: 'meanProbabilities',
      members: all,
      weights,
      temperature: 1,
    };
    const bundle = await bundleOf('probabilities', {
      policy,
      name: 'small',
      labels: { probs: ['a', 'b', 'c'] },
      statistics: ['mutual_information'],
    });
    const { manifest } = await readBundle(bundle);
    expect(manifest).toMatchObject({
      name: 'small',
      inputs: [{ name: 'conv_input', dtype: 'float32', shape: [null, 6, 6, 2] }],
      outputs: [
        { name: 'probs', shape: [null, 3], role: 'prediction', of: 'probs' },
        {
          name: 'probs.mutual_information',
          shape: [null, 1],
          role: 'mutual_information',
          of: 'probs',
        },
      ],
      policy: { probs: policy },
      opset: 17,
    });
    const session = await ort.InferenceSession.create(bundle.files.get('ensemble.onnx')!);
    expect(session.inputNames).toEqual(manifest.inputs.map(({ name }) => name));
    expect(session.outputNames).toEqual(manifest.outputs.map(({ name }) => name));
  });

  it('stores and computes once what members share', async () => {
    const [first] = models.get('probabilities')!;
    const artifacts = await artifactsOf(first!);
    const options: EnsembleOptions = {
      policy: {
        kind: 'probabilities',
        combine: 'meanProbabilities',
        members: [0, 1],
        weights: [0.5, 0.5],
        temperature: 1,
      },
      statistics: [],
    };
    const [one, two] = [memoryBundle(), memoryBundle()];
    const single = {
      ...options,
      policy: { ...options.policy, members: [0], weights: [1] },
    } as EnsembleOptions;
    await exportEnsemble([artifacts], one, single);
    await exportEnsemble([artifacts, artifacts], two, options);
    const sizes = [one, two].map(({ files }) => files.get('ensemble.onnx')!.length);
    expect(sizes[1]! - sizes[0]!).toBeLessThan(300);
  });

  it('carries a smoke test that its own graph passes', async () => {
    const bundle = await bundleOf('probabilities', {
      policy: {
        kind: 'probabilities',
        combine: 'meanProbabilities',
        members: all,
        weights,
        temperature: 1,
      },
      smoke: { ort, inputs: inputs(2) },
    });
    const smoke = await (await readBundle(bundle)).readSmokeTest();
    expect(smoke!.request.inputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['conv_input', [2, 6, 6, 2]],
    ]);
    expect(
      compareAnswer(smoke!.expected, smoke!.expected.outputs).every(
        ({ problem }) => problem === undefined,
      ),
    ).toBe(true);
  });

  it.each<[string, Partial<EnsemblePolicy>]>([
    ['names member 7', { members: [0, 7], weights: [0.5, 0.5] }],
    ['weights for', { weights: [1] }],
  ])('refuses a policy that %s', async (message, change) => {
    const policy: EnsemblePolicy = {
      kind: 'probabilities',
      combine: 'meanProbabilities',
      members: all,
      weights,
      temperature: 1,
      ...change,
    };
    await expect(bundleOf('probabilities', { policy })).rejects.toMatchObject({
      code: 'invalid-policy',
      message: expect.stringContaining(message),
    });
  });
});
