import type { EnsemblePolicy, OutputKind } from '@snapshot-ensemble/ensemble-math';
import { checkOptions, type KnownOptions } from '@snapshot-ensemble/options';
import {
  isBetter,
  type JudgedMetric,
  type Manifest,
  type MemberRecord,
  modeOf,
} from '@snapshot-ensemble/snapshot-core';

import { TfjsAdapterError } from './errors.ts';

/** How members are loaded. */
export interface LoadMembersOptions {
  /**
   * What each output is, in the model's order. Default: derived from loss, activation and shape; where they leave it
   * open, an error asks for this.
   */
  readonly kinds?: readonly OutputKind[];
  /** Leaves out members that a stop left in the middle of a cycle. Default false. */
  readonly onlyAnnealed?: boolean;
}

/** Which members of a store make the ensemble; by default all of them. */
export type MemberSelection = LoadMembersOptions & Selected;

type Selected =
  | {
      readonly last?: never;
      readonly best?: never;
      readonly ids?: never;
      readonly policy?: never;
    }
  | {
      /** This many of the newest members: the paper's rule. */
      readonly last: number;
      readonly best?: never;
      readonly ids?: never;
      readonly policy?: never;
    }
  | ({
      /** This many of the best members, by a metric that was stored with them. */
      readonly best: number;
      readonly last?: never;
      readonly ids?: never;
      readonly policy?: never;
    } & JudgedMetric)
  | {
      readonly ids: readonly string[];
      readonly last?: never;
      readonly best?: never;
      readonly policy?: never;
    }
  | {
      /** How each output is made, by members' positions in the store, oldest first; one policy per output of the model. */
      readonly policy: EnsemblePolicy | readonly EnsemblePolicy[];
      readonly last?: never;
      readonly best?: never;
      readonly ids?: never;
    };

const known: KnownOptions<MemberSelection> = {
  ...{ last: true, best: true, metric: true, mode: true, ids: true, policy: true },
  ...{ kinds: true, onlyAnnealed: true },
};

/** Whether a member was saved at the end of its cycle, where the learning rate has come down. */
export function isAnnealed(plan: Manifest['plan'], { cycle, step }: MemberRecord): boolean {
  return plan.cycles[cycle]?.end === step;
}

/** Positions in the run's members (oldest first) that a selection names, ascending. Throws `RangeError` or `unknown-member`. */
export function selectMembers(
  { members, plan }: Pick<Manifest, 'members' | 'plan'>,
  selection: MemberSelection = {},
): readonly number[] {
  checkOptions('loadMembers', selection, known);
  const all = members.map((_, index) => index);
  if (selection.ids !== undefined) {
    return nonEmpty(selection.ids.map((id) => indexOfId(members, id)).sort((a, b) => a - b));
  }
  if (selection.policy !== undefined) {
    const policies = asList(selection.policy);
    return nonEmpty(
      all.filter((index) => policies.some((policy) => policy.members.includes(index))),
    );
  }
  const { onlyAnnealed = false } = selection;
  const candidates = all.filter((index) => !onlyAnnealed || isAnnealed(plan, members[index]!));
  const count = selection.last ?? selection.best;
  if (count === undefined) return nonEmpty(candidates);
  if (!(Number.isInteger(count) && count > 0 && count <= candidates.length)) {
    throw new RangeError(
      `loadMembers: asked for ${count} members; the store has ${candidates.length}${onlyAnnealed ? ' that annealed' : ''}. ` +
        `Ask for an integer in [1, ${candidates.length}].`,
    );
  }
  if (selection.best === undefined) return candidates.slice(-count);
  return best(members, candidates, selection)
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

function best(
  members: readonly MemberRecord[],
  candidates: readonly number[],
  judged: JudgedMetric,
): number[] {
  const { metric } = judged;
  const mode = modeOf(judged, 'loadMembers');
  const valueOf = (index: number): number => {
    const { id, metrics } = members[index]!;
    const value = metrics[metric];
    if (value !== undefined) return value;
    throw new RangeError(
      `loadMembers: the member "${id}" has no metric "${metric}"; it has ${Object.keys(metrics).join(', ') || 'none'}.`,
    );
  };
  return [...candidates].sort((a, b) => {
    if (isBetter(valueOf(a), valueOf(b), mode)) return -1;
    return isBetter(valueOf(b), valueOf(a), mode) ? 1 : 0;
  });
}

function nonEmpty(indices: readonly number[]): readonly number[] {
  if (indices.length > 0) return indices;
  throw new TfjsAdapterError(
    'unknown-member',
    'The store has no member to load. Train with snapshotEnsembleCallback first; a member is saved at the end of each cycle.',
  );
}
