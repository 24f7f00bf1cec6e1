import type { Metrics } from '../protocol.ts';

/** Which values of a metric are good ones. */
export type MetricMode = 'min' | 'max';

/** What a metric's name says: accuracies should be high, all else, losses and errors, low. */
export function usualMode(metric: string): MetricMode {
  return metric.includes('acc') ? 'max' : 'min';
}

/** Whether `value` is strictly better than `other`. NaN is worse than any number. */
export function isBetter(value: number, other: number, mode: MetricMode): boolean {
  if (Number.isNaN(value) || Number.isNaN(other))
    return Number.isNaN(other) && !Number.isNaN(value);
  return mode === 'min' ? value < other : value > other;
}

/** A metric by name. `subject` begins the error for one that is missing, `advice` ends it. */
export function metricOf(metrics: Metrics, name: string, subject: string, advice = ''): number {
  const value = metrics[name];
  if (value !== undefined) return value;
  const known = Object.keys(metrics).join(', ') || 'none';
  throw new RangeError(`${subject} has no metric "${name}". It has: ${known}.${advice}`);
}
