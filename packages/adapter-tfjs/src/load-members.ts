import {
  type EnsemblePolicy,
  meanPolicy,
  predictWithPolicy,
} from '@snapshot-ensemble/ensemble-math';
import type { MemberRecord } from '@snapshot-ensemble/snapshot-core';

import {
  type EnsembleEvaluation,
  labelsOf,
  metricsOf,
  type OutputsDescription,
  verdictsOn,
} from './evaluate.ts';
import { type AnyStore, asSnapshotStore } from './member-artifacts.ts';
import { type MemberModel, memberModel, type MemberOutputs, onHost } from './member-model.ts';
import { outputKinds } from './output-kind.ts';
import { asList, type MemberSelection, selectMembers } from './select-members.ts';
import type { Inputs, Tensor, Tf } from './tf.ts';

export interface PredictOptions {
  /** Rows that go through the model at once. Default 32, as in `model.predict`. */
  readonly batchSize?: number;
}

export interface EvaluateOptions extends PredictOptions {
  /** What the best single model of the same budget says about the same rows, as its `predict` returns it. */
  readonly rival?: Inputs;
}

/** An ensemble of stored members. Calls wait for each other: the members take turns in one model. */
export interface LoadedMembers {
  /** The selected members, oldest first. */
  readonly members: readonly MemberRecord[];
  /** How each output of the model is made; positions are those in the store. */
  readonly policies: readonly EnsemblePolicy[];
  /** The ensemble's outputs, shaped as the model's; an array where the model has several. The caller disposes of them. */
  predict(inputs: Inputs, options?: PredictOptions): Promise<Tensor | Tensor[]>;
  /** Every member's outputs, `[members, rows, …]`, in the order of `members`. The caller disposes of them. */
  predictMembers(inputs: Inputs, options?: PredictOptions): Promise<Tensor | Tensor[]>;
  /**
   * Metrics of the ensemble and of each member: accuracy, negative log-likelihood (nats) and Brier score of classes,
   * mean squared and absolute error of values; and the verdict whether it is worth it. Targets are one-hot rows, class
   * indices, or values, as in `model.fit`, of rows that nothing was trained on.
   */
  evaluate(inputs: Inputs, targets: Inputs, options?: EvaluateOptions): Promise<EnsembleEvaluation>;
  /** Frees the model. */
  dispose(): void;
}

/** Opens an ensemble from a store; by default all members, combined as Huang et al. 2017, §3. */
export async function loadMembers(
  tf: Tf,
  store: AnyStore,
  selection?: MemberSelection,
): Promise<LoadedMembers> {
  const snapshots = asSnapshotStore(store);
  const stored = (await snapshots.readManifest())?.members ?? [];
  const selected = selectMembers(stored, selection);
  const shared = await memberModel(tf, snapshots);
  const policies = policiesOf(shared, selection, selected);
  const members = selected.map((index) => stored[index]!);
  const inTurn = queue();

  /** Outputs by output of the model, then by member. */
  const outputsOf = async (
    inputs: Inputs,
    options?: PredictOptions,
  ): Promise<MemberOutputs[][]> => {
    const byOutput = policies.map((): MemberOutputs[] => []);
    for (const member of members) {
      const outputs = await shared.outputsOf(member, inputs, options?.batchSize ?? 32);
      outputs.forEach((output, index) => byOutput[index]!.push(output));
    }
    return byOutput;
  };
  const combined = (byOutput: readonly MemberOutputs[][]): MemberOutputs[] =>
    byOutput.map((outputs, index) => combineOutput(policies[index]!, outputs, selected));

  return {
    members,
    policies,
    predict: (inputs, options) =>
      inTurn(async () => tensorsOf(tf, combined(await outputsOf(inputs, options)))),
    predictMembers: (inputs, options) =>
      inTurn(async () => tensorsOf(tf, (await outputsOf(inputs, options)).map(stack))),
    evaluate: (inputs, targets, options) =>
      inTurn(async () => {
        const byOutput = await outputsOf(inputs, options);
        const ensemble = combined(byOutput);
        const each = members.map((_, m) =>
          byOutput.map((outputs, index) => alone(policies[index]!, outputs[m]!)),
        );
        const outputs = { names: shared.model.outputNames, policies };
        const labels = await labelsOf(ensemble, [targets].flat(), outputs);
        const rival = options?.rival && (await rivalOf(options.rival, ensemble, outputs));
        return {
          ensemble: metricsOf(ensemble, labels, outputs),
          members: members.map(({ id }, m) => ({
            id,
            metrics: metricsOf(each[m]!, labels, outputs),
          })),
          verdicts: verdictsOn(ensemble, { members: each, rival }, labels, outputs),
        };
      }),
    dispose: () => {
      shared.model.dispose();
    },
  };
}

function policiesOf(
  { model }: MemberModel,
  selection: MemberSelection | undefined,
  selected: readonly number[],
): readonly EnsemblePolicy[] {
  if (selection === undefined || !('policy' in selection)) {
    return outputKinds(model).map((kind) => meanPolicy(kind, selected));
  }
  const policies = asList(selection.policy);
  if (policies.length === model.outputs.length) return policies;
  throw new RangeError(
    `loadMembers: got ${policies.length} policies for ${model.outputs.length} outputs (${model.outputNames.join(', ')}). ` +
      'Pass one for each output, in that order.',
  );
}

/** One output of the ensemble; `outputs` are those of the members at the store's positions `selected`. */
function combineOutput(
  policy: EnsemblePolicy,
  outputs: readonly MemberOutputs[],
  selected: readonly number[],
): MemberOutputs {
  const { shape, data } = outputs[0]!;
  const classes = shape.at(-1)!;
  // Policies count positions in the whole store; those that were not asked to run are never looked at.
  const members = Array.from({ length: Math.max(...selected) + 1 }, () => new Float32Array());
  selected.forEach(
    (position, index) => (members[position] = outputs[index]!.data as Float32Array<ArrayBuffer>),
  );
  const { outputs: pooled } = predictWithPolicy(policy, {
    members,
    rows: data.length / classes,
    classes,
  });
  return { data: Float32Array.from(pooled.data), shape };
}

/** The rival's outputs on the host, logits as probabilities. */
async function rivalOf(
  given: Inputs,
  ensemble: readonly MemberOutputs[],
  { names, policies }: OutputsDescription,
): Promise<readonly MemberOutputs[]> {
  const tensors = [given].flat();
  return Promise.all(
    ensemble.map(async ({ shape }, index) => {
      const tensor = tensors[index];
      if (tensors.length !== ensemble.length || tensor?.shape.join() !== shape.join()) {
        const came = tensors.map((of) => `[${of.shape.join(', ')}]`).join(', ');
        throw new RangeError(
          `evaluate: the rival's outputs are ${came}; that of "${names[index]!}" is [${shape.join(', ')}]. ` +
            'Pass what its predict returns for the same rows.',
        );
      }
      return alone(policies[index]!, await onHost(tensor));
    }),
  );
}

/** One member as an ensemble of its own: logits become probabilities. */
function alone({ kind }: EnsemblePolicy, output: MemberOutputs): MemberOutputs {
  return combineOutput(meanPolicy(kind, [0]), [output], [0]);
}

function stack(outputs: readonly MemberOutputs[]): MemberOutputs {
  const { shape, data } = outputs[0]!;
  const all = new Float32Array(outputs.length * data.length);
  outputs.forEach((output, index) => {
    all.set(output.data, index * data.length);
  });
  return { data: all, shape: [outputs.length, ...shape] };
}

function tensorsOf(tf: Tf, outputs: readonly MemberOutputs[]): Tensor | Tensor[] {
  const tensors = outputs.map(({ data, shape }) => tf.tensor(data, [...shape]));
  return tensors.length === 1 ? tensors[0]! : tensors;
}

/** Returns a function that runs tasks one after the other. */
function queue(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = last.then(task, task);
    last = next;
    return next;
  };
}
