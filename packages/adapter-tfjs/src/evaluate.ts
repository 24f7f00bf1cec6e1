import { accuracy, brier, type EnsemblePolicy, nll } from '@snapshot-ensemble/ensemble-math';
import type { Metrics } from '@snapshot-ensemble/snapshot-core';

import type { MemberOutputs } from './member-model.ts';
import type { Tensor } from './tf.ts';

/** How well an ensemble and its members do on the same rows. */
export interface EnsembleEvaluation {
  readonly ensemble: Metrics;
  readonly members: readonly { readonly id: string; readonly metrics: Metrics }[];
}

/**
 * Metrics of outputs, probabilities for classes; of several outputs, each under `<output name>_`, as tfjs names them.
 * Targets: `[rows, classes]` one-hot or `[rows]` class indices, for values the shape of the output.
 */
export async function evaluateOutputs(
  outputs: readonly MemberOutputs[],
  targets: readonly Tensor[],
  { names, policies }: { names: readonly string[]; policies: readonly EnsemblePolicy[] },
): Promise<Metrics> {
  if (targets.length !== outputs.length) {
    throw new RangeError(
      `evaluate: got ${targets.length} targets for ${outputs.length} outputs (${names.join(', ')}). Pass one for each, in that order.`,
    );
  }
  const perOutput = await Promise.all(
    outputs.map(async (output, index) => {
      const target = targets[index]!;
      const values = await target.data();
      return policies[index]!.kind === 'regression'
        ? regression(output, values, names[index]!)
        : classification(output, values, names[index]!);
    }),
  );
  if (perOutput.length === 1) return perOutput[0]!;
  return Object.fromEntries(
    perOutput.flatMap((metrics, index) =>
      Object.entries(metrics).map(([name, value]) => [`${names[index]!}_${name}`, value]),
    ),
  );
}

type Values = Float32Array | Int32Array | Uint8Array;

function classification({ data, shape }: MemberOutputs, targets: Values, name: string): Metrics {
  const classes = shape.at(-1)!;
  const rows = data.length / classes;
  const labels =
    targets.length === rows
      ? targets
      : targets.length === data.length
        ? Int32Array.from({ length: rows }, (_, row) =>
            argmax(targets.subarray(row * classes, (row + 1) * classes)),
          )
        : wrongTargets(
            name,
            targets.length,
            `${rows} class indices or ${data.length} one-hot values`,
          );
  const probabilities = { data, rows, classes };
  return {
    accuracy: accuracy(probabilities, labels),
    nll: nll(probabilities, labels),
    brier: brier(probabilities, labels),
  };
}

function regression({ data }: MemberOutputs, targets: Values, name: string): Metrics {
  if (targets.length !== data.length) wrongTargets(name, targets.length, `${data.length} values`);
  let squares = 0;
  let absolutes = 0;
  data.forEach((value, index) => {
    const error = value - targets[index]!;
    squares += error * error;
    absolutes += Math.abs(error);
  });
  return { mse: squares / data.length, mae: absolutes / data.length };
}

function argmax(values: Values): number {
  return values.indexOf(Math.max(...values));
}

function wrongTargets(name: string, came: number, allowed: string): never {
  throw new RangeError(
    `evaluate: the targets of "${name}" have ${came} values; the outputs take ${allowed}.`,
  );
}
