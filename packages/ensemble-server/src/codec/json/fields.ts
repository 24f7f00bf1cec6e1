import { badRequest } from '../../errors.ts';
import type { Parameters, ParameterValue } from '../../protocol/messages.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** The value as an object; `where` names it in the error. */
export function asObject(value: unknown, where: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as JsonObject;
  throw wrong(where, value, 'an object');
}

export function asArray(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(where, value, 'an array');
}

export function asString(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  throw wrong(where, value, 'a string');
}

export function asBoolean(value: unknown, where: string): boolean {
  if (typeof value === 'boolean') return value;
  throw wrong(where, value, 'true or false');
}

/** A whole number from 0 that a double holds exactly. */
export function asCount(value: unknown, where: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw wrong(where, value, 'a whole number from 0');
}

/** Whether an optional field was left out: `null` is how many clients leave one out. */
export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** `parameters` of a request, an input or an output; none are no parameters, and one that is `null` is none. */
export function parametersOf(object: JsonObject, where: string): Parameters {
  const { parameters } = object;
  if (isAbsent(parameters)) return {};
  const entries = Object.entries(asObject(parameters, `${where}.parameters`));
  return Object.fromEntries(
    entries
      .filter(([, value]) => !isAbsent(value))
      .map(([name, value]) => [name, asParameter(value, `${where}.parameters.${name}`)]),
  );
}

function asParameter(value: unknown, where: string): ParameterValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  throw wrong(where, value, 'a string, a number, true or false');
}

const MAX_SHOWN = 60;

/** What came, short enough for an error. */
export function show(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function wrong(where: string, value: unknown, allowed: string): Error {
  return badRequest(`${where} is ${show(value)}; it must be ${allowed}.`);
}
