import type * as Tfjs from '@tensorflow/tfjs';
import type { HostTensors } from '@snapshot-ensemble/export-onnx';
import type { ModelArtifacts, NamedTensor, SnapshotStore } from '@snapshot-ensemble/snapshot-core';
import { openFront, type Around } from './tfjs-front.ts';
import { openTfjsModels } from './tfjs.ts';

/** Members of a store, and what their bundle does beside them. */
export interface Members {
  readonly store: SnapshotStore;
  readonly ids: readonly string[];
  readonly around: Around;
}

/** What the bundle says of itself. */
interface BundleNames {
  readonly inputs: readonly { readonly name: string; readonly dtype: string }[];
  /** Predictions, in the order of the model's outputs. */
  readonly outputs: readonly string[];
}

/** What each member answers to requests, in TensorFlow.js. One member is in memory at a time. */
export async function openMembers(
  tf: typeof Tfjs,
  { store, ids, around }: Members,
  bundle: BundleNames,
): Promise<(given: HostTensors) => Promise<readonly HostTensors[]>> {
  const { topology } = await store.readModel();
  const artifacts = (id: string): Promise<ModelArtifacts> =>
    memberArtifacts(store, topology as object, id);
  const { inputs, feeds } = await openFront(tf, around, await artifacts(ids[0]!), bundle.inputs);
  return async (given) => {
    const taken = await feeds(given);
    const answers: HostTensors[] = [];
    for (const id of ids) {
      const member = await openTfjsModels(tf, [await artifacts(id)], inputs, bundle.outputs);
      answers.push(
        ...(await member.predict(taken)).map((each) =>
          withSigmoid(each, around.sigmoidOutputs ?? []),
        ),
      );
      member.dispose();
    }
    return answers;
  };
}

function withSigmoid(outputs: HostTensors, names: readonly string[]): HostTensors {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data, shape }]) => [
      name,
      names.includes(name)
        ? { data: Float32Array.from(data, (logit) => 1 / (1 + Math.exp(-logit))), shape }
        : { data, shape },
    ]),
  );
}

async function memberArtifacts(
  store: SnapshotStore,
  modelTopology: object,
  id: string,
): Promise<ModelArtifacts> {
  const tensors: NamedTensor[] = [];
  for await (const tensor of store.readMember(id)) tensors.push(tensor);
  return {
    modelTopology,
    weightSpecs: tensors.map(({ name, shape, dtype }) => ({
      name,
      shape,
      // What else a store may hold, exportEnsemble has refused before.
      dtype: dtype as 'float32' | 'int32' | 'bool',
    })),
    weightData: tensors.map(
      ({ data }) =>
        Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).buffer,
    ),
  };
}
