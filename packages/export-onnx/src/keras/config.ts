import { camelCase } from '../artifacts/json.ts';
import { Refusal } from '../graph/refusal.ts';

const REPAIR = 'Save the model again, or correct its topology.';

/** A layer's configuration, read with checks. Keys are camelCase, whatever the spelling of the JSON. */
export interface Config {
  has(key: string): boolean;
  raw(key: string): unknown;
  boolean(key: string, fallback: boolean): boolean;
  number(key: string, fallback?: number): number;
  /** A positive safe integer. */
  size(key: string): number;
  /** `count` integers of at least `least`; a single one stands for all. */
  sizes(
    key: string,
    count: number,
    fallback?: readonly number[],
    least?: number,
  ): readonly number[];
  /** One of the words allowed, compared without regard to spelling (`channels_last` is `channelsLast`). */
  choice<T extends string>(key: string, allowed: readonly T[], fallback?: T): T;
  text(key: string, fallback?: string): string;
}

export function readConfig(json: Readonly<Record<string, unknown>>): Config {
  const values = new Map(Object.entries(json).map(([key, value]) => [camelCase(key), value]));
  const raw = (key: string): unknown => values.get(key) ?? undefined;
  const wrong = (key: string, expected: string): Refusal =>
    new Refusal(`${key} is ${show(raw(key))}, must be ${expected}`, REPAIR);
  const number = (key: string, fallback?: number): number => {
    const value = raw(key) ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(key, 'a finite number');
    return value;
  };
  const text = (key: string, fallback?: string): string => {
    const value = raw(key) ?? fallback;
    if (typeof value !== 'string') throw wrong(key, 'a string');
    return value;
  };
  const isSize = (value: unknown, least: number): value is number =>
    Number.isSafeInteger(value) && (value as number) >= least;
  return {
    has: (key) => raw(key) !== undefined,
    raw,
    number,
    text,
    boolean(key, fallback) {
      const value = raw(key) ?? fallback;
      if (typeof value !== 'boolean') throw wrong(key, 'true or false');
      return value;
    },
    size(key) {
      const value = raw(key);
      if (!isSize(value, 1)) throw wrong(key, 'a positive integer');
      return value;
    },
    sizes(key, count, fallback, least = 1) {
      const value = raw(key) ?? fallback;
      const given: readonly unknown[] = Array.isArray(value) ? value : [value];
      const list = given.length === 1 ? new Array<unknown>(count).fill(given[0]) : given;
      if (list.length === count && list.every((item) => isSize(item, least))) return list;
      throw wrong(key, `${count} integers of at least ${least}`);
    },
    choice<T extends string>(key: string, allowed: readonly T[], fallback?: T): T {
      const value = camelCase(text(key, fallback));
      const found = allowed.find((word) => word === value || camelCase(word) === value);
      if (found === undefined) throw wrong(key, `one of ${allowed.join(', ')}`);
      return found;
    },
  };
}

function show(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) return 'missing';
  return json.length > 80 ? `${json.slice(0, 80)}…` : json;
}
