/** JSON has no NaN and no infinity; where a number may be one, `ensemble.json` holds its name. */
export type JsonNumber = number | 'NaN' | 'Infinity' | '-Infinity';

/** The number as JSON can hold it. */
export function toJsonNumber(value: number): JsonNumber {
  return Number.isFinite(value) ? value : (String(value) as JsonNumber);
}

/** The number that JSON held. */
export function fromJsonNumber(value: JsonNumber): number {
  return Number(value);
}
