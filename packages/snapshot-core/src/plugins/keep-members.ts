import { checkOptions } from '@snapshot-ensemble/options';
import type { Metrics } from '../protocol.ts';
import type { MemberRecord } from '../snapshot-store.ts';
import { isBetter, metricOf, modeOf, type JudgedMetric } from './metric.ts';

/** Keeps the newest members. */
export interface KeepLast {
  readonly last: number;
  readonly best?: never;
}

/** Keeps the members that are best on a metric; of equally good ones the earlier, and NaN last of all. */
export interface KeepBestMembers extends JudgedMetric {
  readonly best: number;
  /** The metric of the epoch if the snapshot falls on the end of one, else of the step. */
  readonly metric: string;
  readonly last?: never;
}

const where = 'takeSnapshots: keep';

/** Which members to keep. */
export type KeepMembers = KeepLast | KeepBestMembers;

export function checkKeep(keep: KeepMembers): void {
  checkOptions(where, keep, { last: true, best: true, metric: true, mode: true });
  if (keep.best !== undefined) modeOf(keep, where);
  const [name, count] = keep.last === undefined ? ['best', keep.best] : ['last', keep.last];
  if (Number.isSafeInteger(count) && count > 0) return;
  throw new RangeError(`takeSnapshots: keep.${name} is ${count}; expected a whole number above 0.`);
}

/** Throws if a snapshot cannot be judged. */
export function checkMetric(keep: KeepMembers, metrics: Metrics, step: number): void {
  if (keep.best === undefined) return;
  metricOf(
    metrics,
    keep.metric,
    `takeSnapshots: the snapshot after step ${step}`,
    ' Within an epoch it has the metrics of its step, at the end of one those of the epoch, validation included.',
  );
}

/**
 * The members to remove, of members in the order of their steps. One that a stop left within a cycle is not
 * judged: it has no metrics, and the run that goes on replaces it.
 */
export function surplus(
  members: readonly MemberRecord[],
  keep: KeepMembers,
  isJudged: (member: MemberRecord) => boolean,
): readonly MemberRecord[] {
  if (keep.best === undefined) return members.slice(0, -keep.last);
  const { best, metric } = keep;
  const mode = modeOf(keep, where);
  const valueOf = ({ metrics }: MemberRecord): number => metrics[metric] ?? Number.NaN;
  const ranked = members.filter(isJudged).toSorted((a, b) => {
    if (isBetter(valueOf(a), valueOf(b), mode)) return -1;
    return isBetter(valueOf(b), valueOf(a), mode) ? 1 : 0;
  });
  return ranked.slice(best);
}
