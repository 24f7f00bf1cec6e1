import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import {
  isBetter,
  type JudgedMetric,
  type MemberRecord,
  modeOf,
} from '@snapshot-ensemble/snapshot-core';

import { TfjsAdapterError } from './errors.ts';

/** Which members of a store make the ensemble; by default all of them. */
export type MemberSelection =
  | {
      /** The newest so many: the paper's rule. */
      readonly last: number;
    }
  | ({
      /** The best so many on a metric that was stored with them. */
      readonly best: number;
    } & JudgedMetric)
  | { readonly ids: readonly string[] }
  | {
      /** How each output is made, by members' positions in the store, oldest first; one policy per output of the model. */
      readonly policy: EnsemblePolicy | readonly EnsemblePolicy[];
    };

/** Positions in `members` (oldest first) that a selection names, ascending. Throws `RangeError` or `unknown-member`. */
export function selectMembers(
  members: readonly MemberRecord[],
  selection: MemberSelection | undefined,
): readonly number[] {
  const all = members.map((_, index) => index);
  if (selection === undefined) return nonEmpty(all);
  if ('ids' in selection) {
    return nonEmpty(selection.ids.map((id) => indexOfId(members, id)).sort((a, b) => a - b));
  }
  if ('policy' in selection) {
    const policies = asList(selection.policy);
    return nonEmpty(
      all.filter((index) => policies.some((policy) => policy.members.includes(index))),
    );
  }
  const count = 'last' in selection ? selection.last : selection.best;
  if (!(Number.isInteger(count) && count > 0 && count <= members.length)) {
    throw new RangeError(
      `loadMembers: asked for ${count} members; the store has ${members.length}. Ask for an integer in [1, ${members.length}].`,
    );
  }
  if ('last' in selection) return all.slice(-count);
  return best(members, selection)
    .slice(0, count)
    .sort((a, b) => a - b);
}

/** One policy, or one for each output, as a list. */
export function asList(
  policy: EnsemblePolicy | readonly EnsemblePolicy[],
): readonly EnsemblePolicy[] {
  return 'kind' in policy ? [policy] : policy;
}

/** Position of a member by id. */
export function indexOfId(members: readonly MemberRecord[], id: string): number {
  const index = members.findIndex((member) => member.id === id);
  if (index >= 0) return index;
  throw new TfjsAdapterError(
    'unknown-member',
    `There is no member "${id}" in the store. Members: ${members.map((member) => member.id).join(', ') || 'none'}.`,
  );
}

function best(members: readonly MemberRecord[], judged: JudgedMetric): number[] {
  const { metric } = judged;
  const mode = modeOf(judged, 'loadMembers');
  const values = members.map(({ id, metrics }) => {
    const value = metrics[metric];
    if (value !== undefined) return value;
    throw new RangeError(
      `loadMembers: the member "${id}" has no metric "${metric}"; it has ${Object.keys(metrics).join(', ') || 'none'}.`,
    );
  });
  return [...values.keys()].sort((a, b) => {
    if (isBetter(values[a]!, values[b]!, mode)) return -1;
    return isBetter(values[b]!, values[a]!, mode) ? 1 : 0;
  });
}

function nonEmpty(indices: readonly number[]): readonly number[] {
  if (indices.length > 0) return indices;
  throw new TfjsAdapterError(
    'unknown-member',
    'The store has no member to load. Train with snapshotEnsembleCallback first; a member is saved at the end of each cycle.',
  );
}
