import { checkOptions } from '@snapshot-ensemble/options';
import type { Trainer } from '../protocol.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import type { MetricMode } from './metric.ts';
import { weightAverage, type WeightAverage } from './weight-average.ts';

export interface GreedySoupOptions {
  /** Score of the trainer's weights as they are, on held-out data. */
  readonly evaluate: () => Promise<number>;
  /** Whether a higher or a lower score is better. */
  readonly mode: MetricMode;
}

export interface GreedySoup {
  /** Ids of the members averaged, the best one first. */
  readonly members: readonly string[];
  /** Score of the average. */
  readonly score: number;
  /** Score of each member by itself, by id. */
  readonly memberScores: Readonly<Record<string, number>>;
}

/**
 * Averages the members that improve the average on held-out data, best member first, and leaves the average in the
 * trainer. Never worse there than the best member, and equal to it if no other member helps: the usual outcome for
 * snapshots of several cycles. Wortsman et al. 2022, recipe 1.
 */
export async function greedySoup(
  trainer: Trainer,
  store: SnapshotStore,
  options: GreedySoupOptions,
): Promise<GreedySoup> {
  checkOptions('greedySoup', options, { evaluate: true, mode: true });
  const { evaluate, mode } = options;
  const ids = ((await store.readManifest())?.members ?? []).map(({ id }) => id);
  if (ids.length === 0) throw new RangeError('greedySoup: the store holds no members to average.');
  const isBetter = (a: number, b: number): boolean => (mode === 'max' ? a > b : a < b);
  const load = async (members: readonly string[]): Promise<number> => {
    await trainer.writeWeights((await meanOf(store, members)).read());
    await trainer.refreshBatchNorm?.();
    return evaluate();
  };

  const memberScores: Record<string, number> = {};
  for (const id of ids) memberScores[id] = await load([id]);
  const worst = mode === 'max' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const rank = (id: string): number => (Number.isNaN(memberScores[id]) ? worst : memberScores[id]!);
  const [best, ...others] = ids.toSorted((a, b) =>
    mode === 'max' ? rank(b) - rank(a) : rank(a) - rank(b),
  );
  let members = [best!];
  let score = memberScores[best!]!;
  for (const id of others) {
    const candidate = [...members, id];
    const candidateScore = await load(candidate);
    if (!isBetter(candidateScore, score)) continue;
    members = candidate;
    score = candidateScore;
  }
  await load(members);
  return { members, score, memberScores };
}

async function meanOf(store: SnapshotStore, ids: readonly string[]): Promise<WeightAverage> {
  const average = weightAverage();
  for (const [index, id] of ids.entries()) await average.add(store.readMember(id), 1 / (index + 1));
  return average;
}
