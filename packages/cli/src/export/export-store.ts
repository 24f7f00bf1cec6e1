import { resolve } from 'node:path';
import { comparisonText, type ExportedEnsemble } from '@snapshot-ensemble/export-onnx';
import { createSnapshotStore, openSweep } from '@snapshot-ensemble/snapshot-core';
import { fileBlobs } from '@snapshot-ensemble/snapshot-core/node';
import type { Surroundings } from '../command.ts';
import { inFolder, isBundle, openStore, requireFolder, type OpenStore } from '../folders.ts';
import { bytes, plural } from '../numbers.ts';
import { isObjectStore, objectStore } from '../object-store.ts';
import { CheckFailedError, EnvironmentError, UsageError } from '../run-main.ts';
import { checkStore } from './check-store.ts';
import type { ExportSettings } from './flags.ts';
import { writeEnsemble } from './write-ensemble.ts';

/** Writes the members of a store as a bundle, and compares them with TensorFlow.js where asked to. */
export async function exportStore(
  from: string,
  flags: ExportSettings,
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
    const { exported, around } = await writeEnsemble(from, opened, target, flags, surroundings);
    if (flags.json !== true) print(exportedText(folder, exported));
    const check =
      flags.check === true
        ? await checkStore(opened, exported.manifest, around, target, surroundings)
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
    `Wrote ${folder}: ${plural(members.length, 'member')}, ${form}${isReduced ? `, ${precision}` : ''}, ${bytes(size)}`,
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
