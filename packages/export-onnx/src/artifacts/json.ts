import { ExportError } from '../errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function invalidTopology(where: string, problem: string): ExportError {
  return new ExportError(
    'invalid-topology',
    `Cannot read the model topology: ${where} ${problem}. Save the model again with model.save().`,
  );
}

export function asObject(value: unknown, where: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as JsonObject;
  throw invalidTopology(where, 'must be an object');
}

export function asArray(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw invalidTopology(where, 'must be an array');
}

export function asText(value: unknown, where: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalidTopology(where, 'must be a name');
}

/** A property by its camelCase name, in either spelling. */
export function property(object: JsonObject, name: string): unknown {
  for (const [key, value] of Object.entries(object))
    if (key === name || camelCase(key) === name) return value;
  return undefined;
}

export function camelCase(identifier: string): string {
  return identifier.replace(/_+(\w)/g, (_, letter: string) => letter.toUpperCase());
}
