import { applyPolicy, type EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { HostTensor, HostTensors } from '../src/index.ts';
import { tf } from './tfjs.ts';

const CLASSES = 3;
const heads = {
  probabilities: 'softmax',
  logits: 'linear',
  regression: 'linear',
  binary: 'sigmoid',
  'multi-label': 'sigmoid',
} as const;
type Head = (typeof heads)[keyof typeof heads];

/** A small CNN; the activation of its head decides what it is good for. */
function member(activation: Head, units: number, seed: number): tf.Sequential {
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
      tf.layers.dense({ units, activation, ...initializer(2), name: 'probs' }),
    ],
  });
}

/** Four members of one topology. */
export function membersFor(kind: EnsemblePolicy['kind']): readonly tf.Sequential[] {
  const units = kind === 'binary' ? 1 : CLASSES;
  return [10, 20, 30, 40].map((seed) => member(heads[kind], units, seed));
}

export function ensembleInputs(rows: number): HostTensors {
  const data = tf.randomNormal([rows, 6, 6, 2], 0, 3, 'float32', rows).dataSync<'float32'>();
  return { conv_input: { data, shape: [rows, 6, 6, 2] } };
}

/** What ensemble-math makes of the members' tfjs predictions, by output name. */
export function ensembleAnswers(
  models: readonly tf.Sequential[],
  policy: EnsemblePolicy,
  given: HostTensors,
): HostTensors {
  const { data, shape } = given['conv_input']!;
  const rows = shape[0]!;
  const members = models.map((model) =>
    tf.tidy(() => (model.predict(tf.tensor(data, [...shape])) as tf.Tensor).dataSync<'float32'>()),
  );
  const result = applyPolicy(policy, { members, rows, classes: CLASSES });
  const tensor = (values: ArrayLike<number>, ...inner: number[]): HostTensor => ({
    data: Float32Array.from(values),
    shape: [rows, ...inner],
  });
  const stacked = Array.from({ length: rows }, (_, row) =>
    members.flatMap((values) => [...values.slice(row * CLASSES, (row + 1) * CLASSES)]),
  ).flat();
  const { uncertainty, variance } = result;
  return {
    probs: tensor(result.outputs.data, CLASSES),
    'probs.members': tensor(stacked, members.length, CLASSES),
    ...(variance && { 'probs.variance': tensor(variance.data, CLASSES) }),
    ...(uncertainty && {
      'probs.predictive_entropy': tensor(uncertainty.predictiveEntropy, 1),
      'probs.expected_entropy': tensor(uncertainty.expectedEntropy, 1),
      'probs.mutual_information': tensor(uncertainty.mutualInformation, 1),
    }),
  };
}

type TestedPolicy = EnsemblePolicy & { readonly kind: keyof typeof heads };

const rules: readonly (Pick<TestedPolicy, 'kind' | 'combine'> & Partial<TestedPolicy>)[] = [
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
];

/** Every kind of output with every rule that fits it. */
export const policies: readonly TestedPolicy[] = rules.map((rule) => ({
  members: [0, 1, 2, 3],
  weights: [0.4, 0.1, 0.3, 0.2],
  temperature: 1,
  ...rule,
}));
