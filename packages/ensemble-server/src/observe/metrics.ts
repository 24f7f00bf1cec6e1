import { collectDefaultMetrics, Registry } from 'prom-client';
import type { MetricsSources } from './metric.ts';
import { ownMetrics } from './own-metrics.ts';
import { tritonMetrics } from './triton-metrics.ts';

/** A registry of its own, whose metrics are read when it is scraped. */
export function createMetrics(sources: MetricsSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const metric of [...tritonMetrics(sources), ...ownMetrics(sources)])
    // prom-client's own classes cannot take values that were counted elsewhere.
    registry.registerMetric({
      name: metric.name,
      get: () => ({
        name: metric.name,
        help: metric.help,
        type: metric.type,
        values: metric.read(),
        aggregator: 'sum',
      }),
    } as unknown as Parameters<Registry['registerMetric']>[0]);
  return registry;
}
