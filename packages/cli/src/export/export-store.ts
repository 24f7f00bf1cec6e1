import { basename, resolve } from 'node:path';
import type * as Tfjs from '@tensorflow/tfjs';
import { readBundle, type BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import {
  comparisonText,
  ensembleAnswers,
  exportEnsemble,
  type ExportEnsembleOptions,
  type ExportedEnsemble,
  type OrtLike,
  type Precision,
} from '@snapshot-ensemble/export-onnx';
import {
  createSnapshotStore,
  openSweep,
  type ModelArtifacts,
  type NamedTensor,
  type SnapshotStore,
} from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import type { Surroundings } from '../command.ts';
import { inFolder, isBundle, openStore, requireFolder, type OpenStore } from '../folders.ts';
import { bytes, count as withCommas } from '../numbers.ts';
import { isObjectStore, objectStore } from '../object-store.ts';
import { CheckFailedError, EnvironmentError, UsageError } from '../run-main.ts';
import { checkWithTfjs } from './check-with-tfjs.ts';
import { chosenMembers } from './chosen-members.ts';
import { commitOf } from './commit.ts';
import type { ExportFlags } from './flags.ts';
import { kindOfOutputs } from './kind-of-outputs.ts';
import { madeUpInputs } from './made-up.ts';
import { readRows, type Rows } from './rows.ts';
import { found, needed, openTfjsModels } from './tfjs.ts';

/** Writes the members of a store as a bundle, and compares them with TensorFlow.js where asked to. */
export async function exportStore(
  from: string,
  flags: ExportFlags,
  surroundings: Surroundings,
): Promise<void> {
  const { print, directory } = surroundings;
  const folder = flags.out;
  const target = resolve(directory, folder);
  if (flags.overwrite !== true && (await isBundle(target)))
    throw new UsageError(
      `export: "${folder}" already holds a bundle. Replace it with --overwrite, or name another folder.`,
    );
  const opened = await openSource(from, flags.sweep === true, directory);
  try {
    const exported = await writeEnsemble(opened, target, flags, surroundings);
    if (flags.json !== true) print(exportedText(folder, exported));
    const check =
      flags.check === true
        ? await checkStore(opened, exported.manifest, target, surroundings)
        : undefined;
    const { manifest, notStacked, comparisons } = exported;
    const data = { out: folder, manifest, notStacked, comparisons, check: check?.results };
    print(flags.json === true ? `${JSON.stringify(data, undefined, 2)}\n` : (check?.text ?? ''));
    if (check?.problem !== undefined) throw new CheckFailedError(check.problem);
  } catch (error) {
    throw isOurs(error) ? error : inFolder(from, error);
  }
}

function exportedText(
  folder: string,
  { manifest, notStacked, comparisons }: ExportedEnsemble,
): string {
  const { files, members, form, precision } = manifest;
  const size = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
  const isReduced = precision !== 'float32';
  const lines = [
    `Wrote ${folder}: ${withCommas(members.length)} ${members.length === 1 ? 'member' : 'members'}, ${form}${isReduced ? `, ${precision}` : ''}, ${bytes(size)}`,
    ...notStacked.map(({ node, reason }) => `not stacked: ${node}: ${reason}`),
    ...Object.entries(comparisons ?? {}).map(
      ([output, comparison]) => `${output} against float32: ${comparisonText(comparison)}`,
    ),
  ];
  if (isReduced && comparisons === undefined)
    lines.push('To compare it with float32, give rows with --rows.');
  return `${lines.join('\n')}\n`;
}

function isOurs(error: unknown): boolean {
  const ours = [UsageError, CheckFailedError, EnvironmentError];
  return ours.some((kind) => error instanceof kind);
}

/** A store, or all below a folder, on disk or in an object store. */
async function openSource(from: string, isSweep: boolean, directory: string): Promise<OpenStore> {
  if (!isSweep && !isObjectStore(from)) return openStore(from, directory);
  if (!isObjectStore(from)) await requireFolder(from, directory);
  const blobs = isObjectStore(from)
    ? await objectStore(from, process.env)
    : fileBlobs(resolve(directory, from));
  try {
    const store = isSweep ? await openSweep(blobs) : createSnapshotStore(blobs);
    const manifest = await store.readManifest();
    if (manifest !== undefined) return { kind: 'store', blobs, store, manifest };
  } catch (error) {
    throw inFolder(from, error);
  }
  throw new UsageError(`"${from}" holds no run. Give the address of a snapshot store.`);
}

async function writeEnsemble(
  { store, manifest }: OpenStore,
  target: string,
  flags: ExportFlags,
  { printError, progress, directory }: Surroundings,
): Promise<ExportedEnsemble> {
  const { name = basename(target), labels, opset, form } = flags;
  const ids = chosenMembers(manifest.members, flags);
  const { topology } = await store.readModel();
  const kind = flags.kind ?? kindOfOutputs(topology);
  const rows = await rowsOf(flags, directory);
  const precision = precisionOf(flags, rows);
  const tf = flags.smoke ? await found<typeof Tfjs>('@tensorflow/tfjs', directory) : undefined;
  const commit = await commitOf(directory);
  const exported = await exportEnsemble(watched(store, ids, progress), bundleDirectory(target), {
    name,
    labels,
    members: ids,
    policy: meanPolicy(
      kind,
      ids.map((_, index) => index),
    ),
    provenance: {
      exporter: 'snapshot-ensemble export',
      ...(commit !== undefined && { commit }),
    },
    ...(opset !== undefined && { opset }),
    ...(form !== undefined && { form }),
    ...(precision !== undefined && { precision }),
    ...(rows && { compareOn: rows }),
    ...(tf && { smoke: smokeOf(tf, store, topology as object, ids) }),
  });
  if (flags.smoke && tf === undefined)
    printError(
      'The bundle has no smoke request, because TensorFlow.js, which computes its answer, is not installed here.\n',
    );
  return exported;
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

/** The rows given, and what runs them. */
async function rowsOf(
  { precision = 'float32', rows }: ExportFlags,
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

function precisionOf(
  { precision }: ExportFlags,
  rows: (Rows & { readonly ort: OrtLike }) | undefined,
): Precision | undefined {
  if (precision !== 'int8-static') return precision;
  if (rows === undefined)
    throw new UsageError(
      'export: --precision int8-static learns ranges from rows. Give a few hundred with --rows, or use int8-dynamic.',
    );
  return { kind: precision, ort: rows.ort, rows: [rows.inputs] };
}

/** A made-up request and what each member answers to it in TensorFlow.js. */
function smokeOf(
  tf: typeof Tfjs,
  store: SnapshotStore,
  topology: object,
  ids: readonly string[],
): NonNullable<ExportEnsembleOptions['smoke']> {
  return {
    inputs: madeUpInputs,
    async predictMembers(given, { inputs, outputs }) {
      const answers = [];
      for (const id of ids) {
        const artifacts = await memberArtifacts(store, topology, id);
        const member = await openTfjsModels(tf, [artifacts], inputs, outputs);
        answers.push(...(await member.predict(given)));
        member.dispose();
      }
      return answers;
    },
  };
}

/** The graph as it was written against TensorFlow.js: each member, their mean, and what it says beside. */
async function checkStore(
  { store }: OpenStore,
  { members, inputs, outputs, policy }: BundleManifest,
  target: string,
  { progress, directory }: Surroundings,
): ReturnType<typeof checkWithTfjs> {
  progress('comparing with TensorFlow.js');
  const { topology } = await store.readModel();
  const models: ModelArtifacts[] = [];
  for (const { id } of members) models.push(await memberArtifacts(store, topology as object, id));
  const graph = await (await readBundle(bundleDirectory(target))).readGraph();
  return checkWithTfjs(
    {
      bytes: graph,
      inputs: inputs.map(({ name, dtype, shape }) => ({
        name,
        dtype,
        shape: shape.map((side) => side ?? 'N'),
      })),
      outputs: outputs.filter(({ role }) => role === 'prediction').map(({ name }) => name),
      models,
      combine: (members) => ensembleAnswers({ outputs, policy }, members),
    },
    directory,
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
