import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Bundle } from '@snapshot-ensemble/ensemble-bundle';
import type { OnnxSummary } from '@snapshot-ensemble/export-onnx';
import { inCommands } from '../advice.ts';
import { bundleText } from '../bundle-text.ts';
import { verify } from '@snapshot-ensemble/snapshot-core';
import type { Surroundings } from '../command.ts';
import { inFolder, openFolder, type OpenBundle, type OpenStore } from '../folders.ts';
import { storeText } from '../inspect-store.ts';
import { graphsText, onnxText } from '../onnx-text.ts';
import { CheckFailedError, UsageError } from '../run-main.ts';

interface InspectFlags {
  readonly json?: true;
}

type Show = (text: string, data: object) => void;

export function define(command: Command, { print, progress, directory }: Surroundings): void {
  command
    .description(
      'Shows what a snapshot store or a bundle holds and verifies the checksum of every file in it. For a graph, of a bundle or in an ' +
        '.onnx file, it shows inputs, outputs, operators, how large the weights are, and which of them members share.',
    )
    .argument('<folder>', 'a snapshot store, e.g. Ensemble, a bundle, or an .onnx file')
    .option('--json', 'print the manifest as JSON')
    .action(async (folder: string, { json }: InspectFlags) => {
      const show: Show = (text, data) => {
        print(json === true ? `${JSON.stringify(data, undefined, 2)}\n` : text);
      };
      if (folder.endsWith('.onnx')) {
        await inspectGraph(folder, directory, show);
        return;
      }
      progress(`verifying ${folder}`);
      const opened = await openFolder(folder, directory);
      if (opened.kind === 'store') await inspectStore(folder, opened, show);
      else await inspectBundle(folder, opened, show);
    });
}

async function inspectGraph(file: string, directory: string, show: Show): Promise<void> {
  const bytes = await readFile(resolve(directory, file)).catch((cause: unknown) => {
    throw new UsageError(`cannot read "${file}". Give an .onnx file that is there.`, { cause });
  });
  const { readOnnx } = await import('@snapshot-ensemble/export-onnx');
  try {
    const summary = readOnnx(bytes);
    show(onnxText(summary, bytes.byteLength), { kind: 'onnx', ...summary });
  } catch (error) {
    throw inFolder(file, error);
  }
}

async function inspectStore(folder: string, opened: OpenStore, show: Show): Promise<void> {
  const { faults } = await verify(opened.blobs);
  show(storeText(opened, faults), {
    kind: 'store',
    intact: faults.length === 0,
    faults,
    manifest: opened.manifest,
  });
  if (faults.length > 0)
    throw new CheckFailedError(
      `in "${folder}": ${faults.map(({ message }) => inCommands(message, folder)).join(' ')}`,
    );
}

async function inspectBundle(folder: string, { bundle }: OpenBundle, show: Show): Promise<void> {
  const { manifest } = bundle;
  let graphs: Readonly<Record<string, OnnxSummary>>;
  try {
    await bundle.verify();
    graphs = await graphsOf(bundle);
  } catch (error) {
    show(bundleText(manifest), { kind: 'bundle', intact: false, manifest });
    throw inFolder(folder, error);
  } finally {
    await bundle.close();
  }
  show(`${bundleText(manifest)}\n${graphsText(graphs)}\nEvery checksum matches.\n`, {
    kind: 'bundle',
    intact: true,
    manifest,
    graphs,
  });
}

async function graphsOf(bundle: Bundle): Promise<Readonly<Record<string, OnnxSummary>>> {
  const { readOnnx } = await import('@snapshot-ensemble/export-onnx');
  const graphs: [string, OnnxSummary][] = [];
  for (const path of Object.keys(bundle.manifest.files))
    if (path.endsWith('.onnx')) graphs.push([path, readOnnx(await bundle.readFile(path))]);
  return Object.fromEntries(graphs);
}
