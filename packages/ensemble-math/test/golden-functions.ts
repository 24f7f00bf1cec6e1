import type { CombineRule, Outputs } from '../src/index.ts';
import * as math from './everything.ts';
import { leastNllTemperature } from '../src/calibration/fit-temperature.ts';
import { intervalRoom, roomyThreshold } from '../src/conformal/fit.ts';
import type { Case } from './cases.ts';

const kind = 'probabilities';

type Answer = number | ArrayLike<number>;

const kindOf = (rule: CombineRule, of: 'probabilities' | 'logits'): math.OutputKind =>
  rule === 'mean' || rule === 'median' ? 'regression' : of;
const weighted =
  (rule: CombineRule, of: 'probabilities' | 'logits' = 'probabilities') =>
  (c: Case): Answer =>
    math.combine(c[of], rule, {
      weights: c.weights,
      kind: kindOf(rule, of),
    }).data;
const equal =
  (rule: CombineRule, of: 'probabilities' | 'logits' = 'probabilities') =>
  (c: Case): Answer =>
    math.combine(c[of], rule, { kind: kindOf(rule, of) }).data;
const mean = (c: Case): Outputs =>
  math.combine(c.probabilities, 'meanProbabilities', { kind: 'probabilities', weights: c.weights });
const meanValue = (c: Case): Outputs =>
  math.combine(c.logits, 'mean', { kind: 'regression', weights: c.weights });
const uncertaintyOf = (c: Case): math.Uncertainty =>
  math.uncertainty(c.probabilities, { kind: 'probabilities', weights: c.weights });
const first = (c: Case): Outputs => math.memberOutputs(c.probabilities, 0);
const alphaOf = (c: Case): number => [0.1, 0.2, 0.35][c.seed % 3]!;
const rounded = (values: Float64Array): Float64Array => values.map((v) => Math.round(v * 10) / 10);
const parts = ({ ensembleError, memberError, ambiguity }: math.Ambiguity): Answer => [
  ensembleError,
  memberError,
  ambiguity,
];

/** Spreads the weights of chosen members over all of them. */
function spread(
  c: Case,
  { members, weights }: Pick<math.Selection, 'members' | 'weights'>,
): number[] {
  const all = c.probabilities.members.map(() => 0);
  members.forEach((member, i) => (all[member] = weights[i]!));
  return all;
}

/** Our answer to each function of the golden files. */
export const functions: Readonly<Record<string, (c: Case) => Answer>> = {
  meanProbabilities: weighted('meanProbabilities'),
  'meanProbabilities of logits': weighted('meanProbabilities', 'logits'),
  meanLogits: weighted('meanLogits', 'logits'),
  geometricMean: weighted('geometricMean'),
  'geometricMean of logits': weighted('geometricMean', 'logits'),
  medianProbabilities: equal('medianProbabilities'),
  'medianProbabilities, weighted': weighted('medianProbabilities'),
  majorityVote: weighted('majorityVote'),
  mean: weighted('mean', 'logits'),
  median: equal('median', 'logits'),
  'median, weighted': weighted('median', 'logits'),
  softmax: (c) => math.softmax(math.memberOutputs(c.logits, 0)).data,
  applyTemperature: (c) => math.applyTemperature(mean(c), 0.25 + (c.seed % 8) / 2).data,
  memberVariance: (c) => math.memberVariance(c.probabilities, c.weights).data,
  entropy: (c) => math.entropy(mean(c)),
  expectedEntropy: (c) => uncertaintyOf(c).expectedEntropy,
  mutualInformation: (c) => uncertaintyOf(c).mutualInformation,
  runCascade: (c) => {
    const order = c.weights.map((_, member) => member);
    const thresholds = order.slice(1).map((_, stage) => 0.4 + 0.1 * stage);
    const { outputs, membersUsed } = math.runCascade(
      c.probabilities,
      { order, thresholds },
      { combine: 'meanProbabilities', kind: 'probabilities', weights: c.weights },
    );
    return [...membersUsed, ...outputs.data];
  },
  accuracy: (c) => math.accuracy(mean(c), c.labels),
  topKAccuracy: (c) => math.topKAccuracy(mean(c), c.labels, Math.min(2, c.probabilities.classes)),
  nll: (c) => math.nll(mean(c), c.labels),
  brier: (c) => math.brier(mean(c), c.labels),
  ece: (c) => math.ece(first(c), c.labels),
  adaptiveEce: (c) => math.adaptiveEce(first(c), c.labels, { bins: 5 }),
  confusionMatrix: (c) => math.confusionMatrix(mean(c), c.labels).counts,
  errorAuroc: (c) => math.errorAuroc(rounded(math.entropy(mean(c))), mean(c), c.labels),
  auroc: (c) =>
    math.auroc(
      c.labels.map((_, row) => Math.floor(c.targets[row * c.logits.classes]! * 3)),
      c.labels.map((label) => (label > 0 ? 1 : 0)),
    ),
  mse: (c) => math.mse(meanValue(c), c.targets),
  mae: (c) => math.mae(meanValue(c), c.targets),
  r2: (c) => math.r2(meanValue(c), c.targets),
  gaussianNll: (c) =>
    math.gaussianNll(
      math.combine(c.logits, 'mean', { kind: 'regression' }),
      math.memberVariance(c.logits),
      c.targets,
      {
        minVariance: 1e-3,
      },
    ),
  pairwiseDisagreement: (c) =>
    math.pairwiseDisagreement(c.probabilities, { kind: 'probabilities' }).data,
  outputCorrelation: (c) => math.outputCorrelation(c.probabilities).data,
  ambiguity: (c) => parts(math.ambiguity(c.logits, c.targets, c.weights)),
  brierAmbiguity: (c) => parts(math.brierAmbiguity(c.probabilities, c.labels, c.weights)),
  deepEnsembleEquivalent: (c) => {
    const curve = c.logits.members.flatMap((values) => [...values]).sort((a, b) => b - a);
    return math.deepEnsembleEquivalent(curve[0]! * 0.3 + curve.at(-1)! * 0.7, curve);
  },
  bestMembers: (c) => {
    const count = Math.floor((c.weights.length + 1) / 2);
    return math.bestMembers(c.probabilities, c.labels, { kind, count });
  },
  greedyMembers: (c) =>
    spread(c, math.greedyMembers(c.probabilities, c.labels, { kind, rounds: 6 })),
  dropWorstMembers: (c) =>
    spread(c, math.dropWorstMembers(c.probabilities, c.labels, { kind })).map(Math.ceil),
  'convexWeights, nll': (c) => math.convexWeights(c.probabilities, c.labels, { kind }).loss,
  'convexWeights, brier': (c) =>
    math.convexWeights(c.probabilities, c.labels, { kind, metric: 'brier' }).loss,
  'convexWeights, mse': (c) => math.convexWeights(c.logits, c.targets, { kind: 'regression' }).loss,
  fitTemperature: (c) => leastNllTemperature(mean(c), c.labels),
  'fitConformal, split': (c) =>
    withoutRoom(math.fitConformal(mean(c), c.labels, { kind, alpha: alphaOf(c) })).threshold,
  'fitConformal, aps': (c) =>
    withoutRoom(math.fitConformal(mean(c), c.labels, { kind, alpha: alphaOf(c), method: 'aps' }))
      .threshold,
  fitConformalIntervals: (c) => {
    const outputs = math.memberOutputs(c.logits, 0);
    const options = { kind: 'regression', alpha: alphaOf(c) } as const;
    return math.fitConformal(outputs, c.targets, options).threshold - intervalRoom(outputs.data);
  },
  meanInterval: (c) => {
    const { lower, upper } = math.meanInterval(c.targets, {
      resamples: 99,
      confidence: 0.9,
      seed: c.seed,
    });
    return [lower, upper];
  },
  'predictionSets, split': (c) => {
    const [fit, rest] = halves(c.probabilities);
    const conformal = math.fitConformal(math.memberOutputs(fit, 0), c.labels.slice(0, fit.rows), {
      kind,
      alpha: alphaOf(c),
    });
    return math.predictionSets(math.memberOutputs(rest, 0), withoutRoom(conformal)).data;
  },
  predictionIntervals: (c) => {
    const [fit, rest] = halves(firstOutput(c.logits));
    const targets = c.labels.map((_, row) => c.targets[row * c.logits.classes]!);
    const conformal = math.fitConformal(math.memberOutputs(fit, 0), targets.slice(0, fit.rows), {
      kind: 'regression',
      alpha: alphaOf(c),
    });
    const threshold = conformal.threshold - intervalRoom(math.memberOutputs(fit, 0).data);
    const { lower, upper } = math.predictionIntervals(math.memberOutputs(rest, 0), {
      ...conformal,
      threshold,
    });
    return Array.from(lower.data, (value, i) => [value, upper.data[i]!]).flat();
  },
  'unknownInputs, largestProbability': unknown('largestProbability'),
  'unknownInputs, entropy': unknown('entropy'),
  'unknownInputs, mutualInformation': unknown('mutualInformation'),
  'unknownInputs, energy': unknown('energy'),
  riskCoverage: (c) => {
    const unsure = c.labels.map((_, row) => Math.floor(c.targets[row * c.logits.classes]! * 3));
    const { points, aurc } = math.riskCoverage(
      unsure,
      math.rowLosses('error', first(c), c.labels, { kind }),
    );
    return [...points.map(({ risk }) => risk), aurc];
  },
  'abstain, largestProbability': abstaining('largestProbability'),
  'abstain, entropy': abstaining('entropy'),
  'abstain, energy': abstaining('energy'),
};

/** The first member alone where a largest probability must tie as it does elsewhere, else all of them. */
function policyFor(c: Case, score: math.AbstainScore): math.EnsemblePolicy {
  const isLogits = score === 'energy';
  if (score === 'largestProbability') return math.meanPolicy(kind, [0]);
  const members = c.weights.map((_, member) => member);
  return { ...math.meanPolicy(isLogits ? 'logits' : kind, members), weights: c.weights };
}

function unknown(score: math.AbstainScore): (c: Case) => Answer {
  return (c) => {
    const [inside, outside] = halves(score === 'energy' ? c.logits : c.probabilities);
    const scores = math.unknownInputs(inside, outside, policyFor(c, score), { resamples: 1 });
    const { auroc, fprAt95 } = scores.find((found) => found.score === score)!;
    return [auroc.estimate, fprAt95.estimate];
  };
}

function abstaining(score: math.AbstainScore): (c: Case) => Answer {
  return (c) => {
    const all = score === 'energy' ? c.logits : c.probabilities;
    const policy = policyFor(c, score);
    const share = [0.1, 0.2, 0.35][c.seed % 3]!;
    const abstain = math.fitAbstain(policy, halves(all)[0], { score, share });
    return [abstain.share, ...math.applyPolicy({ ...policy, abstain }, all).abstain!];
  };
}

/** As others have it, without our room for rounding. */
function withoutRoom(conformal: math.ConformalPolicy): math.ConformalPolicy {
  const share = 1 - roomyThreshold(1);
  return { ...conformal, threshold: 1 - (1 - conformal.threshold) / share };
}

function halves(predictions: math.Predictions): [math.Predictions, math.Predictions] {
  const half = Math.floor(predictions.rows / 2);
  return [
    math.sliceRows(predictions, 0, half),
    math.sliceRows(predictions, half, predictions.rows),
  ];
}

function firstOutput({ members, rows, classes }: math.Predictions): math.Predictions {
  return {
    members: members.map((values) => values.filter((_: number, i: number) => i % classes === 0)),
    rows,
    classes: 1,
  };
}
