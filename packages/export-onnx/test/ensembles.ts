import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import { ensembleAnswers as answersOf, type HostTensors } from '../src/index.ts';
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

/** What each member's tfjs model answers. */
export function memberAnswers(
  models: readonly tf.Sequential[],
  given: HostTensors,
): readonly HostTensors[] {
  const { data, shape } = given['conv_input']!;
  return models.map((model) =>
    tf.tidy(() => {
      const answer = model.predict(tf.tensor(data, [...shape])) as tf.Tensor;
      return { probs: { data: answer.dataSync<'float32'>(), shape: answer.shape } };
    }),
  );
}

/** What ensemble-math makes of the members' tfjs predictions, by output name. */
export function ensembleAnswers(
  models: readonly tf.Sequential[],
  manifest: Pick<BundleManifest, 'outputs' | 'policy'>,
  given: HostTensors,
): HostTensors {
  return answersOf(manifest, memberAnswers(models, given));
}

const rules: readonly (Pick<EnsemblePolicy, 'kind' | 'combine'> & Partial<EnsemblePolicy>)[] = [
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
  { kind: 'binary', combine: 'meanProbabilities' },
  { kind: 'binary', combine: 'meanLogits', temperature: 1.7 },
  { kind: 'binary', combine: 'geometricMean' },
  { kind: 'binary', combine: 'medianProbabilities' },
  { kind: 'binary', combine: 'majorityVote' },
  { kind: 'multi-label', combine: 'meanProbabilities', temperature: 0.5 },
  { kind: 'multi-label', combine: 'meanLogits' },
  { kind: 'multi-label', combine: 'medianProbabilities' },
  { kind: 'multi-label', combine: 'majorityVote' },
  {
    kind: 'probabilities',
    combine: 'meanProbabilities',
    conformal: { method: 'split', alpha: 0.1, threshold: 0.65 },
    abstain: { score: 'largestProbability', threshold: 0.5, share: 0.1 },
  },
  {
    kind: 'logits',
    combine: 'meanProbabilities',
    conformal: { method: 'aps', alpha: 0.1, threshold: 0.8, classThresholds: [0.7, 0.8, 0.9] },
    abstain: { score: 'energy', threshold: -1.5, share: 0.1 },
  },
  {
    kind: 'binary',
    combine: 'meanProbabilities',
    conformal: { method: 'aps', alpha: 0.1, threshold: 0.6 },
    abstain: { score: 'entropy', threshold: 0.6, share: 0.1 },
  },
  {
    kind: 'multi-label',
    combine: 'meanProbabilities',
    abstain: { score: 'mutualInformation', threshold: 0.05, share: 0.1 },
  },
  {
    kind: 'regression',
    combine: 'mean',
    conformal: { method: 'absolute', alpha: 0.1, threshold: 0.25 },
    abstain: { score: 'variance', threshold: 0.5, share: 0.1 },
  },
  { kind: 'regression', combine: 'mean' },
  { kind: 'regression', combine: 'median' },
  { kind: 'regression', combine: 'median', members: [0, 1, 2], weights: [0.2, 0.2, 0.6] },
];

/** Every kind of output with every rule that fits it. */
export const policies: readonly EnsemblePolicy[] = rules.map((rule) => ({
  members: [0, 1, 2, 3],
  weights: [0.4, 0.1, 0.3, 0.2],
  temperature: 1,
  ...rule,
}));
