import { InvalidArgumentError, Option } from 'commander';

/** Reads an option's value as a number that passes the test; `allowed` ends the sentence "Give …". */
function numberOf(
  isAllowed: (value: number) => boolean,
  allowed: string,
): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (!isAllowed(value)) throw new InvalidArgumentError(`Give ${allowed}.`);
    return value;
  };
}

export const count: (text: string) => number = numberOf(
  (value) => Number.isSafeInteger(value) && value >= 1,
  'a whole number from 1',
);

export const positive: (text: string) => number = numberOf(
  (value) => Number.isFinite(value) && value > 0,
  'a number above 0',
);

export const notNegative: (text: string) => number = numberOf(
  (value) => Number.isFinite(value) && value >= 0,
  'a number from 0',
);

export const port: (text: string) => number = numberOf(
  (value) => Number.isInteger(value) && value >= 0 && value <= 65_535,
  'a port, 0 to 65535 (0 takes any that is free)',
);

export const percent: (text: string) => number = numberOf(
  (value) => Number.isInteger(value) && value >= 0 && value <= 100,
  'a whole number from 0 to 100',
);

/** An option that may be given several times; `parse` adds a value to those before, which are `none` at first. */
export function repeatable<T>(
  flags: string,
  description: string,
  parse: (text: string, before: T) => T,
  none: T,
): Option {
  return new Option(flags, `${description}; may be repeated`)
    .argParser(parse)
    .default(none, 'none');
}
