import type { CombineRule, EnsemblePolicy, OutputKind } from '@snapshot-ensemble/ensemble-math';
import type { GraphBuilder } from '../../graph/builder.ts';
import { binary, scalar, unary } from '../../graph/ops.ts';
import type { Value } from '../../graph/value.ts';
import { weightedMedian } from './median.ts';
import { logOdds, normalized, safeLog, softmax } from './rows.ts';
import { mapped, weightedMean, type Stack } from './stack.ts';
import { majorityVote, positiveVote } from './vote.ts';

type Rule = (graph: GraphBuilder, stack: Stack) => Value;

/** The rules of `combine` in ensemble-math, for probabilities of classes. */
const ofClasses: Readonly<Partial<Record<CombineRule, Rule>>> = {
  meanProbabilities: weightedMean,
  meanLogits: geometricMean,
  geometricMean,
  medianProbabilities: (graph, stack) => normalized(graph, weightedMedian(graph, stack)),
  majorityVote,
};

const ofTwoSides: Readonly<Partial<Record<CombineRule, Rule>>> = {
  meanProbabilities: (graph, stack) => atMostOne(graph, weightedMean(graph, stack)),
  meanLogits: meanLogOdds,
  geometricMean: meanLogOdds,
  medianProbabilities: weightedMedian,
  majorityVote: (graph, stack) => atMostOne(graph, positiveVote(graph, stack)),
};

const rules: Readonly<Record<OutputKind, Readonly<Partial<Record<CombineRule, Rule>>>>> = {
  probabilities: ofClasses,
  logits: ofClasses,
  binary: ofTwoSides,
  'multi-label': ofTwoSides,
  regression: { mean: weightedMean, median: weightedMedian },
};

/** Whether members' outputs of this kind can be combined by this rule. */
export function hasRule(kind: OutputKind, combine: CombineRule): boolean {
  return rules[kind][combine] !== undefined;
}

/** Whether each value is the probability of one of two sides. */
export function isTwoSided(kind: OutputKind): boolean {
  return kind === 'binary' || kind === 'multi-label';
}

/** The policy's members as one, pooled by its rule, before any temperature. */
export function pooled(
  graph: GraphBuilder,
  raw: Stack,
  { kind, combine }: Pick<EnsemblePolicy, 'kind' | 'combine'>,
): Value {
  if (kind === 'logits' && (combine === 'meanLogits' || combine === 'geometricMean'))
    return softmax(graph, weightedMean(graph, raw));
  return rules[kind][combine]!(graph, probabilities(graph, raw, kind));
}

/** What was pooled, calibrated. */
export function calibrated(
  graph: GraphBuilder,
  value: Value,
  { kind, temperature }: Pick<EnsemblePolicy, 'kind' | 'temperature'>,
): Value {
  if (temperature === 1 || kind === 'regression') return value;
  const inverse = scalar(graph, 1 / temperature);
  if (isTwoSided(kind))
    return unary(graph, 'Sigmoid', binary(graph, 'Mul', logOdds(graph, value), inverse));
  return softmax(graph, binary(graph, 'Mul', safeLog(graph, value), inverse));
}

/** Members that are logits as probabilities; all else as it is. */
export function probabilities(graph: GraphBuilder, raw: Stack, kind: OutputKind): Stack {
  return kind === 'logits' ? mapped(raw, (value) => softmax(graph, value)) : raw;
}

/** softmax(Σₘ wₘ ln pₘ). */
function geometricMean(graph: GraphBuilder, stack: Stack): Value {
  const logs = mapped(stack, (value) => safeLog(graph, value));
  return softmax(graph, weightedMean(graph, logs));
}

/** σ(Σₘ wₘ ln(pₘ / (1 − pₘ))). */
function meanLogOdds(graph: GraphBuilder, stack: Stack): Value {
  const odds = mapped(stack, (value) => logOdds(graph, value));
  return unary(graph, 'Sigmoid', weightedMean(graph, odds));
}

/** The weights may sum to a little more than 1. */
function atMostOne(graph: GraphBuilder, value: Value): Value {
  return graph.op('Min', [value, scalar(graph, 1)], value);
}
