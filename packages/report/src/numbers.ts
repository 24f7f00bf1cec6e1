/** Thousands separated, as in `12,000`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** Four significant digits at most. */
export function rate(value: number | undefined): string {
  return value === undefined ? '–' : String(Number(value.toPrecision(4)));
}
