import type { MemberRecord } from '../snapshot-store.ts';
import { damagedManifest } from './damaged-manifest.ts';

const hash = /^[0-9a-f]{64}$/;

export function isHash(value: unknown): boolean {
  return typeof value === 'string' && hash.test(value);
}

/** One entry of a manifest's list of members. Throws `StoreError('damaged')`. */
export function parseMember(value: unknown, index: number): MemberRecord {
  // Messages are put together only when they are needed: this runs ten thousand times.
  const fail = (field: string, wanted: string): Error =>
    damagedManifest(`members.${index}.${field}: Expected ${wanted}`);
  if (!isObject(value)) throw damagedManifest(`members.${index}: Expected an object`);
  const { id, cycle, step, learningRate, metrics, key, sha256, bytes } = value;
  if (typeof id !== 'string') throw fail('id', 'a text');
  if (typeof key !== 'string') throw fail('key', 'a text');
  if (typeof sha256 !== 'string' || !isHash(sha256)) throw fail('sha256', 'a SHA-256');
  if (!isCount(cycle)) throw fail('cycle', 'a whole number from 0 up');
  if (!isCount(step)) throw fail('step', 'a whole number from 0 up');
  if (!isCount(bytes)) throw fail('bytes', 'a whole number from 0 up');
  const rate = scalarOf(learningRate);
  if (rate === undefined) throw fail('learningRate', 'a number');
  if (!isObject(metrics)) throw fail('metrics', 'an object');
  const entries = Object.entries(metrics);
  for (const entry of entries) {
    entry[1] = scalarOf(entry[1]);
    if (entry[1] === undefined) throw fail(`metrics.${entry[0]}`, 'a number');
  }
  const scalars = Object.fromEntries(entries) as Record<string, number>;
  return { id, cycle, step, learningRate: rate, metrics: scalars, key, sha256, bytes };
}

/** JSON has no NaN and no infinities, and diverged runs have both. */
function scalarOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity'
    ? Number(value)
    : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
