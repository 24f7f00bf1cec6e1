import {
  accuracy,
  brier,
  type Contestant,
  type EnsemblePolicy,
  judgeEnsemble,
  mae,
  mse,
  nll,
  type Outputs,
  pooledKind,
  type PooledKind,
  rowLosses,
  type Verdict,
} from '@snapshot-ensemble/ensemble-math';
import type { Metrics } from '@snapshot-ensemble/snapshot-core';

import type { MemberOutputs } from './member-model.ts';
import type { Tensor } from './tf.ts';

/** How well an ensemble and its members do on the same rows. */
export interface EnsembleEvaluation {
  readonly ensemble: Metrics;
  readonly members: readonly { readonly id: string; readonly metrics: Metrics }[];
  /** For each output of the model, in order: whether the ensemble is better. */
  readonly verdicts: readonly Verdict[];
}

/** What the model says on some rows: one for each of its outputs. */
export type ModelOutputs = readonly MemberOutputs[];

/** What the rows are: one for each output, class indices or values. */
export type Labels = readonly Values[];

/** The outputs of the model, as the ensemble sees them. */
export interface OutputsDescription {
  readonly names: readonly string[];
  readonly policies: readonly EnsemblePolicy[];
}

/**
 * Labels from targets as `model.fit` takes them: `[rows, classes]` one-hot or `[rows]` class indices, for values the
 * shape of the output.
 */
export async function labelsOf(
  outputs: ModelOutputs,
  targets: readonly Tensor[],
  { names, policies }: OutputsDescription,
): Promise<Labels> {
  if (targets.length !== outputs.length) {
    throw new RangeError(
      `evaluate: got ${targets.length} targets for ${outputs.length} outputs (${names.join(', ')}). Pass one for each, in that order.`,
    );
  }
  return Promise.all(
    outputs.map(async (output, index) => {
      const values = await targets[index]!.data();
      const name = names[index]!;
      const { kind } = policies[index]!;
      return kind === 'probabilities' || kind === 'logits'
        ? classIndices(output, values, name)
        : sameLength(output, values, name);
    }),
  );
}

/** Metrics of outputs, probabilities for classes; of several outputs, each under `<output name>_`, as tfjs names them. */
export function metricsOf(
  outputs: ModelOutputs,
  labels: Labels,
  { names, policies }: OutputsDescription,
): Metrics {
  const perOutput = outputs.map((output, index) => {
    const kind = pooledKind(policies[index]!.kind);
    return kind === 'regression'
      ? regression(output, labels[index]!)
      : classification(output, labels[index]!, kind);
  });
  if (perOutput.length === 1) return perOutput[0]!;
  return Object.fromEntries(
    perOutput.flatMap((metrics, index) =>
      Object.entries(metrics).map(([name, value]) => [`${names[index]!}_${name}`, value]),
    ),
  );
}

/** Compares the ensemble with the member that looks best on these very rows, which favours it, and with the rival. */
export function verdictsOn(
  ensemble: ModelOutputs,
  { members, rival }: { members: readonly ModelOutputs[]; rival?: ModelOutputs | undefined },
  labels: Labels,
  { policies }: OutputsDescription,
): readonly Verdict[] {
  return ensemble.map((output, index) => {
    const kind = pooledKind(policies[index]!.kind);
    const metric = kind === 'regression' ? 'mse' : 'error';
    const truth = labels[index]!;
    const lossOf = (outputs: Outputs): number =>
      rowLosses(metric, outputs, truth, { kind }).reduce((sum, loss) => sum + loss, 0);
    const candidates = members.map((outputs) => rowsOf(outputs[index]!));
    const best = candidates.reduce((a, b) => (lossOf(b) < lossOf(a) ? b : a));
    const contestants: Contestant[] = [{ against: 'its best member', raw: best }];
    if (rival) {
      contestants.push({ against: 'the single model of equal budget', raw: rowsOf(rival[index]!) });
    }
    return judgeEnsemble({ raw: rowsOf(output) }, contestants, truth, { kind });
  });
}

type Values = Float32Array | Int32Array | Uint8Array;

function rowsOf({ data, shape }: MemberOutputs): Outputs {
  const classes = shape.at(-1)!;
  return { data, rows: data.length / classes, classes };
}

function classIndices(output: MemberOutputs, targets: Values, name: string): Values {
  const { data, rows, classes } = rowsOf(output);
  if (targets.length === rows) return targets;
  if (targets.length !== data.length) {
    throw wrongTargets(name, targets, `${rows} class indices or ${data.length} one-hot values`);
  }
  return Int32Array.from({ length: rows }, (_, row) =>
    argmax(targets.subarray(row * classes, (row + 1) * classes)),
  );
}

function sameLength({ data }: MemberOutputs, targets: Values, name: string): Values {
  if (targets.length === data.length) return targets;
  throw wrongTargets(name, targets, `${data.length} values`);
}

function classification(
  output: MemberOutputs,
  labels: Values,
  kind: Exclude<PooledKind, 'regression'>,
): Metrics {
  const outputs = rowsOf(output);
  return {
    accuracy: accuracy(outputs, labels, { kind }),
    nll: nll(outputs, labels, { kind }),
    brier: brier(outputs, labels, { kind }),
  };
}

function regression(output: MemberOutputs, targets: Values): Metrics {
  const outputs = rowsOf(output);
  return { mse: mse(outputs, targets), mae: mae(outputs, targets) };
}

function argmax(values: Values): number {
  return values.indexOf(Math.max(...values));
}

function wrongTargets(name: string, { length }: Values, allowed: string): RangeError {
  return new RangeError(
    `evaluate: the targets of "${name}" have ${length} values; the outputs take ${allowed}.`,
  );
}
