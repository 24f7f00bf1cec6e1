import { checkOneOf } from '../check.ts';

/** How a constructor finds the cycle of a step where the original's closed form misses exact restarts. */
export interface Restarts {
  /**
   * `'exact'`: a restart is where the lengths add up to. `'original'`: where the original's logarithm puts it, which
   * for some multipliers is one step late. Default `'exact'`.
   */
  readonly restarts?: 'exact' | 'original';
}

export function checkRestarts(where: string, { restarts = 'exact' }: Restarts): boolean {
  return checkOneOf(where, 'restarts', restarts, ['exact', 'original']) === 'exact';
}

/**
 * Index of the cycle that holds `time` when cycle i is `first · multiplierⁱ` long, found by adding up. `time` lies
 * before the sum of all lengths, which for a multiplier below 1 is finite.
 */
export function geometricIndex(
  where: string,
  time: number,
  first: number,
  multiplier: number,
): number {
  if (multiplier === 1) return Math.floor(time / first);
  let index = 0;
  let length = first;
  let end = first;
  while (time >= wholeIfClose(end)) {
    index += 1;
    length *= multiplier;
    // Cycles that shrink add up to a number that may round to the very step: it is past all of them.
    if (multiplier < 1 && (end + length === end || time >= first / (1 - multiplier))) {
      refusePastAll(where, time, first, multiplier);
    }
    end += length;
  }
  return index;
}

function refusePastAll(where: string, time: number, first: number, multiplier: number): never {
  throw new RangeError(
    `${where}: step ${time} lies past all cycles: of first length ${first} and multiplier ${multiplier} they end at ${first / (1 - multiplier)}. Ask for earlier steps, or take a multiplier of at least 1.`,
  );
}

/** 10 · 1.1 is 11.000000000000002: without this a restart at step 11 would be missed. */
function wholeIfClose(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) <= 1e-12 * value ? whole : value;
}
