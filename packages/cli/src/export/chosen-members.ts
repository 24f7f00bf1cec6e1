import { isBetter, modeOf, type MemberRecord } from '@snapshot-ensemble/snapshot-core';
import { plural } from '../numbers.ts';
import { UsageError } from '../run-main.ts';
import type { ExportFlags } from './flags.ts';

type Choice = Pick<ExportFlags, 'last' | 'members' | 'best' | 'metric'>;

/** Ids of the members that the flags name, in the order of the store. Throws `UsageError`. */
export function chosenMembers(
  records: readonly MemberRecord[],
  { last, members, best, metric }: Choice,
): readonly string[] {
  const all = records.map(({ id }) => id);
  if (all.length === 0)
    throw new UsageError('export: the store has no members yet. Let the run finish a cycle first.');
  if ([last, members, best].filter((choice) => choice !== undefined).length > 1)
    throw new UsageError('export: --last, --best and --members exclude each other. Give one.');
  if ((best === undefined) !== (metric === undefined))
    throw new UsageError('export: --best and --metric go together. Give both, or neither.');
  if (best !== undefined) return bestMembers(records, best, metric!);
  if (members !== undefined) return members.map((wanted) => named(all, wanted));
  if (last !== undefined && last > all.length)
    throw new UsageError(
      `export: --last is ${last}, but the store has ${plural(all.length, 'member')}. Give at most ${all.length}.`,
    );
  return all.slice(-(last ?? all.length));
}

function bestMembers(
  records: readonly MemberRecord[],
  count: number,
  metric: string,
): readonly string[] {
  if (count > records.length)
    throw new UsageError(
      `export: --best is ${count}, but the store has ${plural(records.length, 'member')}. Give at most ${records.length}.`,
    );
  const mode = modeOf({ metric }, 'export');
  const valueOf = ({ id, metrics }: MemberRecord): number => {
    const value = metrics[metric];
    if (value !== undefined) return value;
    throw new UsageError(
      `export: member "${id}" has no metric "${metric}". It has: ${Object.keys(metrics).join(', ') || 'none'}.`,
    );
  };
  const order = records.toSorted((a, b) => {
    const [left, right] = [valueOf(a), valueOf(b)];
    return isBetter(left, right, mode) ? -1 : isBetter(right, left, mode) ? 1 : 0;
  });
  const chosen = new Set(order.slice(0, count).map(({ id }) => id));
  return records.map(({ id }) => id).filter((id) => chosen.has(id));
}

function named(all: readonly string[], wanted: string): string {
  const id = /^\d+$/.test(wanted) ? all[Number(wanted)] : all.find((each) => each === wanted);
  if (id !== undefined) return id;
  throw new UsageError(
    `export: --members names "${wanted}"; the store has 0 … ${all.length - 1}: ${all.join(', ')}.`,
  );
}
