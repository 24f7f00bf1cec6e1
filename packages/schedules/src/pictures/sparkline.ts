import { checkCount, checkFunction } from '../check.ts';
import { checkOptions } from '../options.ts';
import type { CyclePlan } from '../plan.ts';
import type { Schedule } from '../schedule.ts';

const where = 'sparkline';

export interface SparklineOptions {
  /** Columns at most; a plan of fewer steps has one per step. Default 60. */
  readonly width?: number;
  /** Lines, each of eight levels. Default 1. */
  readonly height?: number;
}

const levels = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/** Learning rates looked at per column, so that a plan of millions of steps is drawn at once. */
const samplesPerColumn = 64;

/**
 * The schedule as text of block characters, `height` lines joined by newlines. A column shows the highest learning
 * rate among its steps; the scale goes from 0 to the highest of all.
 */
export function sparkline(
  schedule: Schedule,
  { totalSteps }: CyclePlan,
  options: SparklineOptions = {},
): string {
  checkOptions(where, options, { width: true, height: true });
  checkFunction(where, 'schedule', schedule);
  const width = Math.min(checkCount(where, 'width', options.width ?? 60), totalSteps);
  const height = checkCount(where, 'height', options.height ?? 1);
  const columns = Array.from({ length: width }, (_, column) =>
    highest(
      schedule,
      Math.floor((column * totalSteps) / width),
      Math.floor(((column + 1) * totalSteps) / width),
    ),
  );
  const top = columns.reduce((a, b) => Math.max(a, b), Number.MIN_VALUE);
  const eighths = columns.map((value) => toEighths(value / top, height));
  const lines = Array.from({ length: height }, (_, line) => {
    const below = 8 * (height - 1 - line);
    return eighths.map((value) => levels[Math.max(0, Math.min(8, value - below))]!).join('');
  });
  return lines.join('\n');
}

/** Never blank: what is annealed to nothing still stands on the ground. */
function toEighths(share: number, height: number): number {
  return Math.max(1, Math.round(share * 8 * height));
}

function highest(schedule: Schedule, start: number, end: number): number {
  const stride = Math.max(1, Math.floor((end - start) / samplesPerColumn));
  let top = 0;
  for (let step = start; step < end; step += stride) top = Math.max(top, schedule(step));
  return top;
}
