import type { CyclePlan } from '@snapshot-ensemble/schedules';
import type {
  MemberRecord,
  SnapshotStore,
  TrainingCallback,
} from '@snapshot-ensemble/snapshot-core';

/** Writes a line for every member that has come into the store since the run began, once it is safe there. */
export function announceSnapshots(
  plan: CyclePlan,
  store: SnapshotStore,
  write: (line: string) => void,
): TrainingCallback {
  const ends = new Set(plan.cycles.map(({ end }) => end));
  const told = new Set<string>();
  const members = async (): Promise<readonly MemberRecord[]> =>
    (await store.readManifest())?.members ?? [];
  const tell = async (): Promise<void> => {
    for (const member of await members()) {
      if (told.has(member.id)) continue;
      told.add(member.id);
      write(lineOf(member, plan));
    }
  };
  return {
    name: 'announce-snapshots',
    async onTrainBegin() {
      for (const { id } of await members()) told.add(id);
    },
    // A snapshot at the end of a cycle within an epoch is there before the next step, any other at the end of the epoch.
    onStepBegin: ({ step }) => (ends.has(step) ? tell() : undefined),
    onEpochEnd: tell,
    onTrainEnd: tell,
  };
}

function lineOf({ cycle, step, learningRate, metrics }: MemberRecord, plan: CyclePlan): string {
  const values = Object.entries(metrics).map(([name, value]) => `${name} ${short(value)}`);
  const rate = Number.isNaN(learningRate) ? [] : [`learning rate ${short(learningRate)}`];
  return `Snapshot of cycle ${cycle + 1} of ${plan.cycles.length}, step ${step}: ${[...values, ...rate].join(', ')}`;
}

const short = (value: number): string => String(Number(value.toPrecision(4)));
