import type { GraphBuilder } from '../graph/builder.ts';
import { binary, scalar } from '../graph/ops.ts';
import type { Value } from '../graph/value.ts';

/** Members' values of one output and the share each has; all `[batch, …, classes]`, plain. */
export interface Shares {
  readonly members: readonly Value[];
  readonly weights: readonly number[];
}

/** Σₘ wₘ xₘ, members added in order. */
export function weightedMean(graph: GraphBuilder, { members, weights }: Shares): Value {
  const terms = members.flatMap((member, index) => {
    const weight = weights[index]!;
    if (weight === 0) return [];
    return weight === 1 ? [member] : [binary(graph, 'Mul', member, scalar(graph, weight))];
  });
  return terms.length === 1 ? terms[0]! : graph.op('Sum', terms, terms[0]!);
}
