import type { OutputRole } from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';

/** What a graph may return beside its predictions. */
export type Statistic = Exclude<OutputRole, 'prediction'>;

const ofClasses: readonly Statistic[] = [
  'predictive_entropy',
  'expected_entropy',
  'mutual_information',
];

/** What may be wanted. */
export const everyStatistic: readonly Statistic[] = [...ofClasses, 'variance', 'energy', 'members'];

/**
 * The outputs beside a prediction, in the order in which they are written: of the statistics that the kind has those that are wanted
 * (default all), and what the policy asks for whatever is wanted.
 */
export function statisticsOf(
  { kind, conformal, abstain, cascade }: EnsemblePolicy,
  wanted: readonly Statistic[] | undefined,
): readonly Statistic[] {
  const possible: readonly Statistic[] = [
    ...(kind === 'regression' ? (['variance'] as const) : ofClasses),
    ...(kind === 'logits' ? (['energy'] as const) : []),
  ];
  // A cascade gives members only as far as a row went.
  const members: readonly Statistic[] = cascade === undefined ? ['members'] : [];
  const asked: readonly Statistic[] = [
    ...(cascade === undefined ? [] : (['confidence'] as const)),
    ...(conformal === undefined
      ? []
      : [conformal.method === 'absolute' ? ('interval' as const) : ('conformal_set' as const)]),
    ...(abstain === undefined ? [] : (['abstain'] as const)),
  ];
  const isWanted = (role: Statistic): boolean => wanted?.includes(role) ?? true;
  return [...possible.filter(isWanted), ...asked, ...members.filter(isWanted)];
}
