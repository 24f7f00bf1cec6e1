import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { bundleText } from '../bundle-text.ts';
import { verify } from '@snapshot-ensemble/snapshot-core';
import type { Surroundings } from '../command.ts';
import { inFolder, openFolder, type OpenBundle, type OpenStore } from '../folders.ts';
import { storeText } from '../inspect-store.ts';
import { onnxText } from '../onnx-text.ts';
import { CheckFailedError, UsageError } from '../run-main.ts';

interface InspectFlags {
  readonly json?: true;
}

type Show = (text: string, data: object) => void;

export function define(command: Command, { print, progress, directory }: Surroundings): void {
  command
    .description(
      'Shows what a snapshot store or a bundle holds and verifies the checksum of every file in it. For an .onnx file, shows the\n' +
        'graph: inputs, outputs, operators, and the size of the weights.',
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
    throw new CheckFailedError(`in "${folder}": ${faults.map(({ message }) => message).join(' ')}`);
}

async function inspectBundle(folder: string, { bundle }: OpenBundle, show: Show): Promise<void> {
  const { manifest } = bundle;
  try {
    await bundle.verify();
  } catch (error) {
    show(bundleText(manifest), { kind: 'bundle', intact: false, manifest });
    throw inFolder(folder, error);
  } finally {
    await bundle.close();
  }
  show(`${bundleText(manifest)}\nEvery checksum is right.\n`, {
    kind: 'bundle',
    intact: true,
    manifest,
  });
}
