import { basename, resolve } from 'node:path';
import {
  memoryBundle,
  readBundle,
  smokeFiles,
  writeBundle,
  type BundleManifest,
} from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { meanPolicy } from '@snapshot-ensemble/ensemble-math';
import { exportEnsemble } from '@snapshot-ensemble/export-onnx';
import type { ModelArtifacts, NamedTensor, SnapshotStore } from '@snapshot-ensemble/snapshot-core';
import type { ExportFlags } from '../commands/export.ts';
import type { Surroundings } from '../command.ts';
import { inFolder, isBundle, openStore, type OpenStore } from '../folders.ts';
import { bytes, count as withCommas } from '../numbers.ts';
import { UsageError } from '../run-main.ts';
import { checkWithTfjs } from './check-with-tfjs.ts';
import { ensembleAnswers } from './ensemble-answers.ts';
import { kindOfOutputs } from './kind-of-outputs.ts';
import { makeSmokeTest } from './make-smoke-test.ts';

/** Writes the members of a store as a bundle, and compares them with TensorFlow.js where asked to. */
export async function exportStore(
  from: string,
  flags: ExportFlags,
  { print, directory }: Surroundings,
): Promise<void> {
  const folder = flags.out;
  const target = resolve(directory, folder);
  if (flags.overwrite !== true && (await isBundle(target)))
    throw new UsageError(
      `export: "${folder}" already holds a bundle. Replace it with --overwrite, or name another folder.`,
    );
  const opened = await openStore(from, directory);
  try {
    const manifest = await writeEnsemble(opened, target, flags);
    const size = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
    print(
      `Wrote ${folder}: ${withCommas(manifest.members.length)} members, ${manifest.form}, ${bytes(size)}\n`,
    );
    if (flags.check === true) await checkStore(opened, manifest, target, { print, directory });
  } catch (error) {
    throw error instanceof UsageError ? error : inFolder(from, error);
  }
}

async function writeEnsemble(
  { store, manifest }: OpenStore,
  target: string,
  flags: ExportFlags,
): Promise<BundleManifest> {
  const { last = manifest.members.length, name = basename(target), labels, opset } = flags;
  if (manifest.members.length === 0)
    throw new UsageError('export: the store has no members yet. Let the run finish a cycle first.');
  if (last > manifest.members.length)
    throw new UsageError(
      `export: --last ${last} asks for more members than the ${manifest.members.length} in the store. Ask for fewer.`,
    );
  const kind = flags.kind ?? kindOfOutputs((await store.readModel()).topology);
  const indices = Array.from({ length: last }, (_, index) => index);
  const made = memoryBundle();
  await exportEnsemble(lastMembers(store, last), made, {
    name,
    labels,
    policy: meanPolicy(kind, indices),
    provenance: { run: manifest.run, exporter: 'snapshot-ensemble export' },
    ...(opset !== undefined && { opset }),
  });
  const { manifest: parts } = await readBundle(made);
  const contents = Object.keys(parts.files).map((path) => [path, made.files.get(path)!] as const);
  const smoke = flags.smoke ? smokeFiles(await makeSmokeTest(made)) : {};
  return writeBundle(bundleDirectory(target), {
    manifest: parts,
    files: { ...Object.fromEntries(contents), ...smoke },
  });
}

/** The store as if it held only its last members. */
function lastMembers(store: SnapshotStore, last: number): SnapshotStore {
  return {
    ...store,
    async readManifest() {
      const manifest = await store.readManifest();
      return manifest && { ...manifest, members: manifest.members.slice(-last) };
    },
  };
}

/** The graph as it was written against TensorFlow.js: each member, their mean, and what it says beside. */
async function checkStore(
  { store }: OpenStore,
  { members, inputs, outputs, policy }: BundleManifest,
  target: string,
  { print, directory }: Pick<Surroundings, 'print' | 'directory'>,
): Promise<void> {
  const { topology } = await store.readModel();
  const models: ModelArtifacts[] = [];
  for (const { id } of members) models.push(await memberArtifacts(store, topology as object, id));
  const graph = await (await readBundle(bundleDirectory(target))).readGraph();
  const { text, problem } = await checkWithTfjs(
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
  print(text);
  if (problem !== undefined) throw new UsageError(problem);
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
