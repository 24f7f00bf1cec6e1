import type * as Tfjs from '@tensorflow/tfjs';
import { readBundle, type BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import {
  ensembleAnswers,
  parityInputs,
  type HostTensors,
  type OrtLike,
} from '@snapshot-ensemble/export-onnx';
import type { Surroundings } from '../command.ts';
import type { OpenStore } from '../folders.ts';
import { UsageError } from '../run-main.ts';
import { parityText, type CheckResult } from './check-with-tfjs.ts';
import { madeUpInputs } from './made-up.ts';
import { openMembers } from './members-in-tfjs.ts';
import type { Around } from './tfjs-front.ts';
import { needed } from './tfjs.ts';

/** Compares the graph as it was written with TensorFlow.js: each member, their mean, and what it says beside. */
export async function checkStore(
  { store }: OpenStore,
  { form, graph, members, inputs, outputs, policy }: BundleManifest,
  around: Around,
  target: string,
  { progress, directory }: Surroundings,
): Promise<CheckResult> {
  if (graph === undefined)
    throw new UsageError(
      `export: --check compares one graph, and form "${form}" has several. The bundle is written: replay its request with verify, or ask for --form fused.`,
    );
  progress('comparing with TensorFlow.js');
  const tf = await needed<typeof Tfjs>('@tensorflow/tfjs', directory, '--check');
  const ort = await needed<OrtLike>('onnxruntime-node', directory, '--check');
  const bundle = await readBundle(bundleDirectory(target));
  const bytes = await bundle.readGraph();
  await bundle.close();
  const ids = members.map(({ id }) => id);
  const names = outputs.filter(({ role }) => role === 'prediction').map(({ name }) => name);
  const answers = await openMembers(tf, { store, ids, around }, { inputs, outputs: names });
  return parityText(ort, {
    bytes,
    inputs: await inputSets(store, around, inputs),
    predict: async (given) => ensembleAnswers({ outputs, policy }, await answers(given)),
  });
}

/** Random and edge inputs; where the graph takes pixels, pixels. */
async function inputSets(
  store: OpenStore['store'],
  { backbone, preprocess }: Around,
  inputs: BundleManifest['inputs'],
): Promise<readonly HostTensors[]> {
  if (preprocess !== undefined) return [madeUpInputs(inputs)];
  const { topology } = await store.readModel();
  const tensors = inputs.map(({ name, dtype, shape }) => ({
    name,
    dtype,
    shape: shape.map((side) => side ?? 'N'),
  }));
  const front = backbone?.artifacts ?? { modelTopology: topology as object };
  return parityInputs(front, tensors);
}
