import type { MemberRecord, StoreFault } from '@snapshot-ensemble/snapshot-core';
import type { OpenStore } from './folders.ts';
import { bytes, count, metric } from './numbers.ts';
import { textTable } from './text-table.ts';

/** The store for people: what was trained, how far, and its members. */
export function storeText({ manifest }: OpenStore, faults: readonly StoreFault[]): string {
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

function memberTable(members: readonly MemberRecord[], faults: readonly StoreFault[]): string {
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
