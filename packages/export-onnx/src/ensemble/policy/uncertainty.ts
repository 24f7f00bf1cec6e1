import type { OutputKind } from '@snapshot-ensemble/ensemble-math';
import type { GraphBuilder } from '../../graph/builder.ts';
import { binary, unary } from '../../graph/ops.ts';
import type { Value } from '../../graph/value.ts';
import { isTwoSided, probabilities } from './combine.ts';
import { entropy, overLast, twoSidedEntropy } from './rows.ts';
import { asOne, mapped, weightedMean, type Stack } from './stack.ts';

type Entropy = (graph: GraphBuilder, probabilities: Value) => Value;

function entropyOf(kind: OutputKind): Entropy {
  return isTwoSided(kind) ? twoSidedEntropy : entropy;
}

/** H[Σₘ wₘ pₘ] in nats, `[batch, …, 1]`: of the weighted arithmetic mean before any temperature, as in ensemble-math. */
export function predictiveEntropy(graph: GraphBuilder, raw: Stack, kind: OutputKind): Value {
  return entropyOf(kind)(graph, weightedMean(graph, probabilities(graph, raw, kind)));
}

/** Σₘ wₘ H[pₘ] in nats, `[batch, …, 1]`. */
export function expectedEntropy(graph: GraphBuilder, raw: Stack, kind: OutputKind): Value {
  const each = mapped(probabilities(graph, raw, kind), (value) => entropyOf(kind)(graph, value));
  return weightedMean(graph, each);
}

/** The difference, never below zero. */
export function mutualInformation(graph: GraphBuilder, raw: Stack, kind: OutputKind): Value {
  const difference = binary(
    graph,
    'Sub',
    predictiveEntropy(graph, raw, kind),
    expectedEntropy(graph, raw, kind),
  );
  return unary(graph, 'Relu', difference);
}

/** Σₘ wₘ (xₘ − x̄)², value by value. */
export function variance(graph: GraphBuilder, raw: Stack): Value {
  const mean = asOne(graph, weightedMean(graph, raw));
  const squares = mapped(raw, (value) => {
    const away = { ...binary(graph, 'Sub', value, mean), shape: value.shape };
    return binary(graph, 'Mul', away, away);
  });
  return weightedMean(graph, squares);
}

/** −Σₘ wₘ ln Σ꜀ exp z꜀ₘ of logits, `[batch, …, 1]`. Liu et al. 2020, eq. 4. */
export function energy(graph: GraphBuilder, raw: Stack): Value {
  const each = mapped(raw, (value) => overLast(graph, 'ReduceLogSumExp', value));
  return unary(graph, 'Neg', weightedMean(graph, each));
}
