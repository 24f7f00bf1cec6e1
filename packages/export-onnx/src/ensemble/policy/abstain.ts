import type { AbstainPolicy, EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { GraphBuilder } from '../../graph/builder.ts';
import { compare, scalar, squeeze } from '../../graph/ops.ts';
import type { Value } from '../../graph/value.ts';
import { isTwoSided } from './combine.ts';
import { otherSide, overLast } from './rows.ts';
import type { Stack } from './stack.ts';
import { energy, mutualInformation, predictiveEntropy, variance } from './uncertainty.ts';

/** Which rows are too unsure to be answered: bool `[batch, …]`. */
export function abstains(
  graph: GraphBuilder,
  prediction: Value,
  raw: Stack,
  { kind }: EnsemblePolicy,
  { score, threshold }: AbstainPolicy,
): Value {
  const scores: Readonly<Record<AbstainPolicy['score'], () => Value>> = {
    largestProbability: () => largestProbability(graph, prediction, kind),
    entropy: () => predictiveEntropy(graph, raw, kind),
    mutualInformation: () => mutualInformation(graph, raw, kind),
    energy: () => energy(graph, raw),
    variance: () => overLast(graph, 'ReduceMean', variance(graph, raw)),
  };
  const value = scores[score]();
  const isUnsure = compare(
    graph,
    score === 'largestProbability' ? 'Less' : 'Greater',
    value,
    scalar(graph, threshold),
  );
  return squeeze(graph, isUnsure, [value.shape.length - 1]);
}

/** Of a binary output max(p, 1 − p), of a multi-label row the mean of these: `[batch, …, 1]`. */
export function largestProbability(
  graph: GraphBuilder,
  prediction: Value,
  kind: EnsemblePolicy['kind'],
): Value {
  if (!isTwoSided(kind)) return overLast(graph, 'ReduceMax', prediction);
  const larger = graph.op('Max', [prediction, otherSide(graph, prediction)], prediction);
  return overLast(graph, 'ReduceMean', larger);
}
