import { basename, resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import {
  memoryBundle,
  readBundle,
  smokeFiles,
  writeBundle,
  type BundleManifest,
} from '@snapshot-ensemble/ensemble-bundle';
import { bundleDirectory } from '@snapshot-ensemble/ensemble-bundle/node';
import { meanPolicy, type EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import { exportEnsemble } from '@snapshot-ensemble/export-onnx';
import type { SnapshotStore } from '@snapshot-ensemble/snapshot-core';
import type { Surroundings } from '../command.ts';
import { kindOfOutputs } from '../export/kind-of-outputs.ts';
import { makeSmokeTest } from '../export/make-smoke-test.ts';
import { inFolder, isBundle, openStore, type OpenStore } from '../folders.ts';
import { bytes, count as withCommas } from '../numbers.ts';
import { UsageError } from '../run-main.ts';
import { count } from '../values.ts';

type Labels = Readonly<Record<string, readonly string[]>>;

interface ExportFlags {
  readonly last?: number;
  readonly name?: string;
  readonly kind?: EnsemblePolicy['kind'];
  readonly labels: Labels;
  readonly opset?: number;
  readonly smoke: boolean;
  readonly overwrite?: true;
}

export function define(command: Command, surroundings: Surroundings): void {
  command
    .description(
      'Exports the members of a store as one ONNX bundle: their mean, its uncertainty, and a smoke request with the answer\n' +
        'that onnxruntime gives here, for verify.',
    )
    .argument('<store>', 'a snapshot store, e.g. Ensemble')
    .argument('<bundle>', 'folder to make')
    .option('--last <count>', 'only the last so many members (default: all)', count)
    .option('--name <name>', "the bundle's name (default: that of its folder)")
    .addOption(
      new Option(
        '--kind <kind>',
        "what the model's outputs are (default: seen from its last layer)",
      ).choices(['probabilities', 'logits', 'regression']),
    )
    .option('--labels <output=a,b,…>', 'class names of an output; may be repeated', addLabels, {})
    .option('--opset <version>', 'version of the ONNX operators, 17 to 21', count)
    .option('--no-smoke', 'leave out the smoke request, which needs onnxruntime-node')
    .option('--overwrite', 'replace a bundle that is already there')
    .action((store: string, folder: string, flags: ExportFlags) =>
      exportStore(store, folder, flags, surroundings),
    );
}

async function exportStore(
  from: string,
  folder: string,
  flags: ExportFlags,
  { print, directory }: Surroundings,
): Promise<void> {
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
      `Wrote ${folder}: ${withCommas(manifest.members.length)} members in ${manifest.graph}, ${bytes(size)}\n`,
    );
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

function addLabels(text: string, labels: Labels): Labels {
  const [, output, names] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (output === undefined || names === undefined)
    throw new InvalidArgumentError('Give the output and its classes, such as digit=zero,one,two.');
  return { ...labels, [output]: names.split(',') };
}
