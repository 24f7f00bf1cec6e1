import { basename } from 'node:path';
import type * as Tfjs from '@tensorflow/tfjs';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import {
  exportEnsemble,
  type ExportEnsembleOptions,
  type ExportedEnsemble,
  type OrtLike,
  type Precision,
} from '@snapshot-ensemble/export-onnx';
import type { SnapshotStore } from '@snapshot-ensemble/snapshot-core';
import type { Surroundings } from '../command.ts';
import type { OpenStore } from '../folders.ts';
import { UsageError } from '../run-main.ts';
import { readBackbone, type Backbone } from './backbone.ts';
import { chosenMembers } from './chosen-members.ts';
import { commitOf } from './commit.ts';
import type { ExportSettings } from './flags.ts';
import { kindOfOutputs } from './kind-of-outputs.ts';
import { madeUpInputs } from './made-up.ts';
import { openMembers } from './members-in-tfjs.ts';
import { readRows, type Rows } from './rows.ts';
import { allPreprocessed, type Around } from './tfjs-front.ts';
import { found, needed } from './tfjs.ts';

/** Writes the bundle that the settings describe; `from` is where the store is, as the user said it. */
export async function writeEnsemble(
  from: string,
  { store, manifest }: OpenStore,
  target: string,
  flags: ExportSettings,
  { printError, progress, directory }: Surroundings,
): Promise<{ readonly exported: ExportedEnsemble; readonly around: Around }> {
  const { name = basename(target), labels, opset, form, preprocess } = flags;
  const { statistics, sigmoidOutputs, memberFiles } = flags;
  const ids = chosenMembers(manifest.members, flags);
  const backbone = await readBackbone(flags, directory);
  const around: Around = { backbone, preprocess, sigmoidOutputs };
  const rows = await rowsOf(flags, directory);
  const precision = await precisionOf(flags, rows, directory);
  const tf = flags.smoke ? await found<typeof Tfjs>('@tensorflow/tfjs', directory) : undefined;
  const commit = await commitOf(directory);
  const exported = await exportEnsemble(watched(store, ids, progress), bundleDirectory(target), {
    name,
    labels,
    members: ids,
    policy: await policyOf(store, flags, ids.length),
    ...(around.backbone && withBackbone(around.backbone)),
    ...(preprocess && { preprocess }),
    ...(statistics && { statistics }),
    ...(sigmoidOutputs && { sigmoidOutputs }),
    ...(memberFiles !== undefined && { memberFiles }),
    provenance: {
      store: from,
      exporter: 'snapshot-ensemble export',
      ...(commit !== undefined && { commit }),
      ...flags.provenance,
    },
    ...(opset !== undefined && { opset }),
    ...(form !== undefined && { form }),
    ...(precision !== undefined && { precision }),
    ...(rows && { compareOn: rows }),
    ...(tf && {
      smoke: {
        inputs: madeUpInputs,
        predictMembers: async (given, bundle) =>
          (await openMembers(tf, { store, ids, around }, bundle))(given),
      },
    }),
  });
  if (flags.smoke && tf === undefined)
    printError(
      'The bundle has no smoke request, because TensorFlow.js, which computes its answer, is not installed here.\n',
    );
  return { exported, around };
}

/** The store, which says which member is being read. */
function watched(
  store: SnapshotStore,
  ids: readonly string[],
  progress: Surroundings['progress'],
): SnapshotStore {
  return {
    ...store,
    readMember(id, options) {
      progress(`exporting: member ${ids.indexOf(id) + 1} of ${ids.length}`);
      return store.readMember(id, options);
    },
  };
}

function withBackbone({ artifacts, cutAt, inputShapes }: Backbone): Partial<ExportEnsembleOptions> {
  return {
    backbone: artifacts,
    ...(cutAt && { cutAt }),
    ...(inputShapes && { inputShapes }),
  };
}

/** The policy given, or the plain mean of all. */
async function policyOf(
  store: SnapshotStore,
  { policy, kind }: ExportSettings,
  count: number,
): Promise<ExportEnsembleOptions['policy']> {
  if (policy !== undefined && kind !== undefined)
    throw new UsageError(
      'export: --kind says what the outputs are, and so does the policy of the --config file. Leave --kind out.',
    );
  if (policy !== undefined) return policy;
  return meanPolicy(
    kind ?? kindOfOutputs((await store.readModel()).topology),
    Array.from({ length: count }, (_, index) => index),
  );
}

/** The rows given, and what runs them. */
async function rowsOf(
  { precision = 'float32', rows }: ExportSettings,
  directory: string,
): Promise<(Rows & { readonly ort: OrtLike }) | undefined> {
  if (rows === undefined) return undefined;
  if (precision === 'float32')
    throw new UsageError(
      'export: --rows is for a reduced precision, and this one is float32. Add --precision, or leave --rows out.',
    );
  const ort = await needed<OrtLike>('onnxruntime-node', directory, '--rows');
  return { ort, ...(await readRows(rows, directory)) };
}

async function precisionOf(
  { precision, preprocess }: ExportSettings,
  rows: (Rows & { readonly ort: OrtLike }) | undefined,
  directory: string,
): Promise<Precision | undefined> {
  if (precision !== 'int8-static') return precision;
  if (rows === undefined)
    throw new UsageError(
      'export: --precision int8-static learns ranges from rows. Give a few hundred with --rows, or use int8-dynamic.',
    );
  if (preprocess === undefined) return { kind: precision, ort: rows.ort, rows: [rows.inputs] };
  // Ranges are those of what the members take.
  const tf = await needed<typeof Tfjs>('@tensorflow/tfjs', directory, '--rows with preprocess');
  return { kind: precision, ort: rows.ort, rows: [allPreprocessed(tf, rows.inputs, preprocess)] };
}
