import { createHash } from 'node:crypto';
import { StoreError, type BlobStore, type MemberRecord } from '@snapshot-ensemble/snapshot-core';
import type { OpenStore } from './folders.ts';
import { bytes, count, metric } from './numbers.ts';
import { textTable } from './text-table.ts';

/** A blob that is not as the manifest says. */
export interface Fault {
  readonly key: string;
  readonly message: string;
}

/** Reads every blob that the manifest names and returns what is missing, cut or changed. */
export async function findFaults({ blobs, manifest }: OpenStore): Promise<readonly Fault[]> {
  const { topology, members, checkpoint } = manifest;
  const records = [topology, ...members, ...(checkpoint === null ? [] : [checkpoint])];
  const faults: Fault[] = [];
  for (const record of records) {
    const wrong = await faultOf(blobs, record);
    if (wrong === undefined) continue;
    const { key } = record;
    const message = `"${key}" is damaged: ${wrong}. Restore it from a copy, or train again.`;
    faults.push({ key, message });
  }
  return faults;
}

async function faultOf(
  blobs: BlobStore,
  { key, bytes, sha256 }: Pick<MemberRecord, 'key' | 'bytes' | 'sha256'>,
): Promise<string | undefined> {
  const hash = createHash('sha256');
  let length = 0;
  try {
    for await (const chunk of blobs.read(key)) {
      hash.update(chunk);
      length += chunk.length;
    }
  } catch (error) {
    if (error instanceof StoreError && error.code === 'not-found') return 'it is missing';
    throw error;
  }
  if (length !== bytes) return `it has ${length} bytes, the manifest says ${bytes}`;
  const actual = hash.digest('hex');
  return actual === sha256 ? undefined : `its SHA-256 is ${actual}, the manifest says ${sha256}`;
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
