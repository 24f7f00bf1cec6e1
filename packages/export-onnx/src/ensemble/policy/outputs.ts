import type { OutputRole } from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { GraphBuilder } from '../../graph/builder.ts';
import type { Value } from '../../graph/value.ts';
import { abstains, largestProbability } from './abstain.ts';
import { calibrated, pooled } from './combine.ts';
import { conformalSet, interval } from './conformal.ts';
import { pickMembers } from './stack.ts';
import { statisticsOf, type Statistic } from './statistics.ts';
import {
  energy,
  expectedEntropy,
  mutualInformation,
  predictiveEntropy,
  variance,
} from './uncertainty.ts';

export interface NamedOutput {
  readonly name: string;
  readonly role: OutputRole;
  readonly of: string;
  readonly value: Value;
}

/**
 * All outputs of the ensemble that are about one output of its members, whose values are stacked: `[batch, members, …, values]`. The
 * prediction first, then the statistics wanted.
 */
export function outputsOf(
  graph: GraphBuilder,
  name: string,
  members: Value,
  policy: EnsemblePolicy,
  wanted: readonly Statistic[] | undefined,
): readonly NamedOutput[] {
  const raw = pickMembers(graph, members, policy);
  const before = pooled(graph, raw, policy);
  const prediction = calibrated(graph, before, policy);
  const { kind, conformal, abstain } = policy;
  const make: Readonly<Record<Statistic, () => Value>> = {
    predictive_entropy: () => predictiveEntropy(graph, raw, kind),
    expected_entropy: () => expectedEntropy(graph, raw, kind),
    mutual_information: () => mutualInformation(graph, raw, kind),
    variance: () => variance(graph, raw),
    energy: () => energy(graph, raw),
    members: () => members,
    confidence: () => largestProbability(graph, before, kind),
    conformal_set: () => conformalSet(graph, prediction, conformal!, kind),
    interval: () => interval(graph, prediction, conformal!),
    abstain: () => abstains(graph, prediction, raw, policy, abstain!),
  };
  return [
    { name, role: 'prediction', of: name, value: prediction },
    ...statisticsOf(policy, wanted).map((role): NamedOutput => ({
      name: `${name}.${role}`,
      role,
      of: name,
      value: make[role](),
    })),
  ];
}
