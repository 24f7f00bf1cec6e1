import { badRequest } from '../errors.ts';

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

/** `parameters` of a request, an input or an output; none are no parameters. */
export function parametersOf(object: JsonObject, where: string): JsonObject {
  const { parameters } = object;
  return parameters === undefined ? {} : asObject(parameters, `${where}.parameters`);
}

const MAX_SHOWN = 60;

/** What came, short enough for an error. */
export function show(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function wrong(where: string, value: unknown, allowed: string): Error {
  return badRequest(`Cannot read the request: ${where} is ${show(value)}; it must be ${allowed}.`);
}
