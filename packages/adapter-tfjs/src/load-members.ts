import {
  type EnsemblePolicy,
  meanPolicy,
  predictWithPolicy,
} from '@snapshot-ensemble/ensemble-math';
import { checkOptions } from '@snapshot-ensemble/options';
import type { MemberRecord } from '@snapshot-ensemble/snapshot-core';

import { checkTf } from './check-tf.ts';
import {
  type EnsembleEvaluation,
  labelsOf,
  metricsOf,
  type OutputsDescription,
  verdictsOn,
} from './evaluate.ts';
import { type AnswerNames, type HostRows, namedByMember, withTensors } from './host-answers.ts';
import { type AnyStore, asSnapshotStore } from './member-artifacts.ts';
import {
  applied,
  type MemberModel,
  memberModel,
  type MemberOutputs,
  onHost,
} from './member-model.ts';
import { type ReadOutput, readOutputs } from './output-kind.ts';
import { asList, isAnnealed, type MemberSelection, selectMembers } from './select-members.ts';
import type { Inputs, LayersModel, Tensor, Tf } from './tf.ts';

export interface PredictMembersOptions {
  /** Rows that go through the model at once. Default 32, as in `model.predict`. */
  readonly batchSize?: number;
}

export interface EvaluateMembersOptions extends PredictMembersOptions {
  /** Predictions of the best single model of the same budget on the same rows, as its `predict` returns them. */
  readonly rival?: Inputs;
}

/** A member of an ensemble. */
export interface LoadedMember extends MemberRecord {
  /** Whether its cycle was complete; a run that is stopped leaves a member whose cycle was not. */
  readonly isAnnealed: boolean;
}

/**
 * An ensemble of stored members. Calls wait for each other: the members take turns in one model. `Outputs` is what a
 * call gives: a `Tensor` of a model with one output, `Tensor[]` of one with several.
 */
export interface LoadedMembers<Outputs extends Tensor | Tensor[] = Tensor> {
  /** The selected members, oldest first. */
  readonly members: readonly LoadedMember[];
  /** The kind taken for each output of the model, and why. */
  readonly outputs: readonly ReadOutput[];
  /** How each output of the model is combined; positions are those in the store. */
  readonly policies: readonly EnsemblePolicy[];
  /** The ensemble's outputs, shaped as the model's; an array where the model has several. The caller disposes of them. */
  predict(inputs: Inputs, options?: PredictMembersOptions): Promise<Outputs>;
  /** Every member's outputs, `[members, rows, …]`, in the order of `members`. The caller disposes of them. */
  predictMembers(inputs: Inputs, options?: PredictMembersOptions): Promise<Outputs>;
  /**
   * What each member answers to rows outside TensorFlow.js, by the names given: what `exportEnsemble` of export-onnx takes as
   * `smoke.predictMembers`, so that a bundle's expected answers come from the model and not from its graph.
   */
  readonly answers: (
    rows: HostRows,
    names: AnswerNames,
  ) => Promise<readonly Readonly<Record<string, MemberOutputs>>[]>;
  /**
   * Metrics of the ensemble and of each member: accuracy, negative log-likelihood (nats) and Brier score of classes,
   * mean squared and absolute error of values; and a verdict on whether the ensemble is better. Targets are one-hot
   * rows, class indices, or values, as in `model.fit`, of rows that nothing was trained on.
   */
  evaluate(
    inputs: Inputs,
    targets: Inputs,
    options?: EvaluateMembersOptions,
  ): Promise<EnsembleEvaluation>;
  /** Frees the model. */
  dispose(): void;
}

/**
 * Opens an ensemble from a store, or from the default store of a name; by default all members, combined as Huang et al.
 * 2017, §3. Of a model with several outputs write `loadMembers<Tensor[]>(…)`.
 */
export async function loadMembers<Outputs extends Tensor | Tensor[] = Tensor>(
  tf: Tf,
  store: AnyStore,
  selection?: MemberSelection,
): Promise<LoadedMembers<Outputs>> {
  checkTf('loadMembers', tf);
  const snapshots = asSnapshotStore(store);
  const run = (await snapshots.readManifest()) ?? nothingStored;
  const selected = selectMembers(run, selection);
  const shared = await memberModel(tf, snapshots);
  const { policies, outputs: read } = policiesOf(shared, selection, selected);
  const members = selected.map((index) => {
    const member = run.members[index]!;
    return { ...member, isAnnealed: isAnnealed(run.plan, member) };
  });
  const inTurn = queue();

  /** Outputs by output of the model, then by member. */
  const outputsOf = async (
    inputs: Inputs,
    options?: PredictMembersOptions,
  ): Promise<MemberOutputs[][]> => {
    checkOptions('predict', options, { batchSize: true });
    const byOutput = policies.map((): MemberOutputs[] => []);
    for (const member of members) {
      const outputs = await shared.outputsOf(member, inputs, options?.batchSize ?? 32);
      outputs.forEach((output, index) => byOutput[index]!.push(applied(read[index]!, output)));
    }
    return byOutput;
  };
  const combined = (byOutput: readonly MemberOutputs[][]): MemberOutputs[] =>
    byOutput.map((outputs, index) => combineOutput(policies[index]!, outputs, selected));

  const tensors = (outputs: readonly MemberOutputs[]): Outputs => tensorsOf(tf, outputs) as Outputs;

  return {
    members,
    outputs: read,
    policies,
    predict: (inputs, options) =>
      inTurn(async () => tensors(combined(await outputsOf(inputs, options)))),
    predictMembers: (inputs, options) =>
      inTurn(async () => tensors((await outputsOf(inputs, options)).map(stack))),
    answers: (rows, names) =>
      inTurn(async () =>
        namedByMember(await withTensors(tf, rows, names.inputs, outputsOf), names.outputs),
      ),
    evaluate: (inputs, targets, options = {}) =>
      inTurn(async () => {
        checkOptions('evaluate', options, { batchSize: true, rival: true });
        const { rival: given, ...predicting } = options;
        const byOutput = await outputsOf(inputs, predicting);
        const ensemble = combined(byOutput);
        const each = members.map((_, m) =>
          byOutput.map((outputs, index) => alone(policies[index]!, outputs[m]!)),
        );
        const outputs = { names: shared.model.outputNames, policies };
        const labels = await labelsOf(ensemble, [targets].flat(), outputs);
        const rival = given && (await rivalOf(given, ensemble, outputs, read));
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

/** What a store without a run has: no members. */
const nothingStored = { members: [], plan: { totalSteps: 0, cycles: [] } };

/** How each output is read and made. A policy says what its members' outputs are. */
function policiesOf(
  { model, losses }: MemberModel,
  selection: MemberSelection = {},
  selected: readonly number[],
): { readonly policies: readonly EnsemblePolicy[]; readonly outputs: readonly ReadOutput[] } {
  const { kinds, policy } = selection;
  const policies = policy && asList(policy);
  checkCount('kinds', kinds, model);
  checkCount('policies', policies, model);
  const outputs = readOutputs(model, losses, policies?.map(({ kind }) => kind) ?? kinds);
  return {
    outputs,
    policies: policies ?? outputs.map(({ kind }) => meanPolicy(kind, selected)),
  };
}

function checkCount(what: string, given: readonly unknown[] | undefined, model: LayersModel): void {
  const { outputNames } = model;
  if (given === undefined || given.length === outputNames.length) return;
  throw new RangeError(
    `loadMembers: got ${given.length} ${what} for ${outputNames.length} outputs (${outputNames.join(', ')}). ` +
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
  read: readonly ReadOutput[],
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
      return alone(policies[index]!, applied(read[index]!, await onHost(tensor)));
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
