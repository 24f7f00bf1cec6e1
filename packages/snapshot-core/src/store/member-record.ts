import type { MemberRecord } from '../snapshot-store.ts';
import { damagedManifest } from './damaged-manifest.ts';

const hash = /^[0-9a-f]{64}$/;

export function isHash(value: unknown): boolean {
  return typeof value === 'string' && hash.test(value);
}

/** One entry of a manifest's list of members. Throws `StoreError('damaged')`. Lists may be long: no closures, no lists of keys. */
export function parseMember(value: unknown, index: number): MemberRecord {
  if (!isObject(value)) throw damagedManifest(`members.${index}: Expected an object`);
  const { id, cycle, step, learningRate, metrics, key, sha256, bytes } = value;
  if (typeof id !== 'string') throw wrong(index, 'id', 'a text');
  if (typeof key !== 'string') throw wrong(index, 'key', 'a text');
  if (typeof sha256 !== 'string' || !isHash(sha256)) throw wrong(index, 'sha256', 'a SHA-256');
  if (!isCount(cycle)) throw wrong(index, 'cycle', 'a whole number from 0 up');
  if (!isCount(step)) throw wrong(index, 'step', 'a whole number from 0 up');
  if (!isCount(bytes)) throw wrong(index, 'bytes', 'a whole number from 0 up');
  const rate = scalarOf(learningRate);
  if (rate === undefined) throw wrong(index, 'learningRate', 'a number');
  if (!isObject(metrics)) throw wrong(index, 'metrics', 'an object');
  restoreScalars(metrics, index);
  return { id, cycle, step, learningRate: rate, metrics, key, sha256, bytes };
}

/** Turns the texts that stand for numbers back into numbers, in place. */
function restoreScalars(
  metrics: Record<string, unknown>,
  index: number,
): asserts metrics is Record<string, number> {
  for (const name in metrics) {
    const value = metrics[name];
    if (typeof value === 'number') continue;
    const scalar = scalarOf(value);
    if (scalar === undefined) throw wrong(index, `metrics.${name}`, 'a number');
    metrics[name] = scalar;
  }
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
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(index: number, field: string, wanted: string): Error {
  return damagedManifest(`members.${index}.${field}: Expected ${wanted}`);
}
