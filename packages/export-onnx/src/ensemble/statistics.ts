import type { OutputRole } from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { GraphBuilder } from '../graph/builder.ts';
import { binary, unary } from '../graph/ops.ts';
import type { Value } from '../graph/value.ts';
import { probabilityShares } from './combine.ts';
import { entropy, stack } from './rows.ts';
import { weightedMean } from './shares.ts';

export type Statistic = Extract<
  OutputRole,
  'predictive_entropy' | 'expected_entropy' | 'mutual_information' | 'variance' | 'members'
>;

const ofClasses: readonly Statistic[] = [
  'predictive_entropy',
  'expected_entropy',
  'mutual_information',
  'members',
];
const ofValues: readonly Statistic[] = ['variance', 'members'];

/** Statistics that make sense for a kind of output, in the order in which they are written. */
export function statisticsOf(kind: EnsemblePolicy['kind']): readonly Statistic[] {
  return kind === 'regression' ? ofValues : ofClasses;
}

/**
 * What the members say beside their combination. Entropies in nats `[batch, …, 1]`, of the weighted arithmetic mean before
 * any temperature, as `uncertainty` in ensemble-math has them; the weighted variance `[batch, …, values]`; the members as
 * they are, `[batch, members, …]`.
 */
export function statistic(
  graph: GraphBuilder,
  name: Statistic,
  outputs: readonly Value[],
  policy: EnsemblePolicy,
): Value {
  const shares = probabilityShares(graph, outputs, policy);
  const predictive = (): Value => entropy(graph, weightedMean(graph, shares));
  const expected = (): Value => {
    const entropies = shares.members.map((member) => entropy(graph, member));
    return weightedMean(graph, { ...shares, members: entropies });
  };
  switch (name) {
    case 'predictive_entropy':
      return predictive();
    case 'expected_entropy':
      return expected();
    case 'mutual_information':
      return unary(graph, 'Relu', binary(graph, 'Sub', predictive(), expected()));
    case 'variance': {
      const mean = weightedMean(graph, shares);
      const squares = shares.members.map((member) => {
        const away = binary(graph, 'Sub', member, mean);
        return binary(graph, 'Mul', away, away);
      });
      return weightedMean(graph, { ...shares, members: squares });
    }
    case 'members':
      return stack(graph, outputs);
  }
}
