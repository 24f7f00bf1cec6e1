import type { CombineRule, EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { GraphBuilder } from '../graph/builder.ts';
import { binary, scalar } from '../graph/ops.ts';
import type { Value } from '../graph/value.ts';
import { weightedMedian } from './median.ts';
import { normalized, safeLog, softmax } from './rows.ts';
import { weightedMean, type Shares } from './shares.ts';
import { majorityVote } from './vote.ts';

type Rule = (graph: GraphBuilder, shares: Shares) => Value;

/** The rules of `combine` in ensemble-math, for members that are probabilities already, or regression values. */
const rules: Readonly<Record<CombineRule, Rule>> = {
  meanProbabilities: weightedMean,
  meanLogits: geometricMean,
  geometricMean,
  medianProbabilities: (graph, shares) => normalized(graph, weightedMedian(graph, shares)),
  majorityVote,
  mean: weightedMean,
  median: weightedMedian,
};

/** The members' outputs as one, pooled by the policy's rule and calibrated by its temperature. */
export function combineMembers(
  graph: GraphBuilder,
  outputs: readonly Value[],
  policy: EnsemblePolicy,
): Value {
  const { kind, combine, temperature } = policy;
  const isLogitMean =
    kind === 'logits' && (combine === 'meanLogits' || combine === 'geometricMean');
  const pooled = isLogitMean
    ? softmax(graph, weightedMean(graph, sharesOf(outputs, policy)))
    : rules[combine](graph, probabilityShares(graph, outputs, policy));
  if (temperature === 1 || kind === 'regression') return pooled;
  return softmax(
    graph,
    binary(graph, 'Mul', safeLog(graph, pooled), scalar(graph, 1 / temperature)),
  );
}

/** What the policy's members say, as probabilities where it is about classes. */
export function probabilityShares(
  graph: GraphBuilder,
  outputs: readonly Value[],
  policy: EnsemblePolicy,
): Shares {
  const { members, weights } = sharesOf(outputs, policy);
  const isLogits = policy.kind === 'logits';
  return { members: isLogits ? members.map((member) => softmax(graph, member)) : members, weights };
}

function sharesOf(outputs: readonly Value[], { members, weights }: EnsemblePolicy): Shares {
  return { members: members.map((index) => outputs[index]!), weights };
}

/** softmax(Σₘ wₘ ln pₘ). */
function geometricMean(graph: GraphBuilder, { members, weights }: Shares): Value {
  const logs = members.map((member) => safeLog(graph, member));
  return softmax(graph, weightedMean(graph, { members: logs, weights }));
}
