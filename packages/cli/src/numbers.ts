/** Thousands separated, as in `12,000`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** A number of things, as in `1 member`, `12,000 members`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** Four significant digits at most; a dash for what is not known. */
export function metric(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  return String(Number(value.toPrecision(4)));
}

const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** Powers of 1000, as in `139.2 kB`. */
export function bytes(value: number): string {
  const power = Math.min(units.length - 1, value < 1000 ? 0 : Math.floor(Math.log10(value) / 3));
  const digits = power === 0 ? 0 : 1;
  return `${(value / 1000 ** power).toFixed(digits)} ${units[power] ?? ''}`;
}
