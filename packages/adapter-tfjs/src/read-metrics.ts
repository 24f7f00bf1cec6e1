import type { Metrics } from '@snapshot-ensemble/snapshot-core';

import type { Tensor } from './tf.ts';

/** What tfjs puts among the metrics of a batch, which is none. */
const notMetrics: ReadonlySet<string> = new Set(['batch', 'size']);

/** Reads metrics that may still be on the device. The tensors stay: tfjs and later callbacks read them too. */
export async function readMetrics(
  logs: Readonly<Record<string, number | Tensor>> | undefined,
): Promise<Metrics> {
  const named = Object.entries(logs ?? {}).filter(([name]) => !notMetrics.has(name));
  const values = await Promise.all(
    named.map(async ([, value]) => (typeof value === 'number' ? value : (await value.data())[0]!)),
  );
  return Object.fromEntries(named.map(([name], index) => [name, values[index]!]));
}
