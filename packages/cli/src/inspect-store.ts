import { StoreError, type MemberRecord } from '@snapshot-ensemble/snapshot-core';
import type { OpenStore } from './folders.ts';
import { bytes, count, metric } from './numbers.ts';
import { textTable } from './text-table.ts';

/** A blob of the store, and what is wrong with it. */
export interface Fault {
  readonly key: string;
  readonly message: string;
}

/** Reads everything that the manifest names and returns what is missing or not as it says. */
export async function findFaults({ store, manifest }: OpenStore): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  const check = async (key: string, read: () => Promise<unknown>): Promise<void> => {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      faults.push({ key: error.key ?? key, message: error.message });
    }
  };
  await check(manifest.topology.key, () => store.readModel());
  for (const { id, key } of manifest.members) await check(key, () => drain(store.readMember(id)));
  const { checkpoint } = manifest;
  if (checkpoint !== null)
    await check(checkpoint.key, async () => {
      const saved = await store.readCheckpoint();
      if (saved !== undefined) await drain(saved.weights());
    });
  return faults;
}

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true) continue;
}

/** The store for people: what was trained, how far, and its members. */
export function storeText({ manifest }: OpenStore, faults: readonly Fault[]): string {
  const { run, createdAt, model, plan, members, checkpoint, completed } = manifest;
  const parameters = model.weights.reduce(
    (sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1),
    0,
  );
  const facts = [
    ['run', `${run}, begun ${createdAt}, ${completed ? 'complete' : 'not complete'}`],
    [
      'model',
      `${model.format}, ${count(parameters)} values in ${count(model.weights.length)} tensors`,
    ],
    ['plan', `${count(plan.totalSteps)} steps in ${count(plan.cycles.length)} cycles`],
    ['checkpoint', checkpoint === null ? 'none' : `after step ${count(checkpoint.step)}`],
    ['members', count(members.length)],
  ];
  const list = facts.map(([name = '', value = '']) => `${name.padEnd(12)}${value}\n`).join('');
  return members.length === 0 ? list : `${list}\n${memberTable(members, faults)}`;
}

function memberTable(members: readonly MemberRecord[], faults: readonly Fault[]): string {
  const damaged = new Set(faults.map(({ key }) => key));
  const metrics = [...new Set(members.flatMap((member) => Object.keys(member.metrics)))];
  const rows = members.map((member) => [
    member.id,
    String(member.cycle + 1),
    count(member.step),
    metric(member.learningRate),
    ...metrics.map((name) => metric(member.metrics[name])),
    bytes(member.bytes),
    damaged.has(member.key) ? 'DAMAGED' : 'ok',
  ]);
  return textTable([
    ['member', 'cycle', 'step', 'last rate', ...metrics, 'size', 'checksum'],
    ...rows,
  ]);
}
