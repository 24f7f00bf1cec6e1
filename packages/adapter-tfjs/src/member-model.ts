import type { MemberRecord, SnapshotStore } from '@snapshot-ensemble/snapshot-core';

import { lossesOf } from './losses.ts';
import type { ReadOutput } from './output-kind.ts';
import type { Inputs, LayersModel, Tensor, Tf } from './tf.ts';
import { assignWeights, modelVariables } from './weights.ts';

/** What one member says about some rows: one array for each output of the model. */
export interface MemberOutputs {
  readonly data: Float32Array;
  /** Shape of the output, rows first. */
  readonly shape: readonly number[];
}

/** One model that the members take turns in, so that the weights of one are on the device at a time. */
export interface MemberModel {
  readonly model: LayersModel;
  /** The losses it was trained with, one for each output, where they are known. */
  readonly losses: readonly (string | null)[];
  outputsOf(
    member: MemberRecord,
    inputs: Inputs,
    batchSize: number,
  ): Promise<readonly MemberOutputs[]>;
}

/** Builds the model of a store; its weights are whatever it was initialized with until a member is asked for. */
export async function memberModel(tf: Tf, store: SnapshotStore): Promise<MemberModel> {
  const { topology } = await store.readModel();
  // Without weights: loading them here would hold a member three times over.
  const model = await tf.loadLayersModel({
    load: () => Promise.resolve({ modelTopology: topology as object }),
  });
  let present: string | undefined;
  return {
    model,
    losses: lossesOf(topology),
    async outputsOf(member, inputs, batchSize) {
      if (present !== member.id) {
        present = undefined;
        await assignWeights(tf, modelVariables(model), store.readMember(member.id));
        present = member.id;
      }
      const outputs = [model.predict(inputs, { batchSize })].flat();
      try {
        return await Promise.all(outputs.map(onHost));
      } finally {
        tf.dispose(outputs);
      }
    },
  };
}

/** Reads an output back from the device. */
export async function onHost(output: Tensor): Promise<MemberOutputs> {
  return { data: Float32Array.from(await output.data()), shape: output.shape };
}

/** What an output says once its sigmoid is applied, where it has one to come. */
export function applied({ apply }: ReadOutput, output: MemberOutputs): MemberOutputs {
  if (apply === undefined) return output;
  return { ...output, data: output.data.map((logit) => 1 / (1 + Math.exp(-logit))) };
}
