import { InvalidArgumentError, Option, type Command } from 'commander';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { Surroundings } from '../command.ts';
import { exportModel } from '../export/export-model.ts';
import { exportStore } from '../export/export-store.ts';
import { count } from '../values.ts';

type Labels = Readonly<Record<string, readonly string[]>>;

export interface ExportFlags {
  readonly out: string;
  readonly check?: true;
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
      'Exports to ONNX: the members of a store as one bundle (their mean, its uncertainty, and a smoke request with the answer\n' +
        'that onnxruntime gives here, for verify), or a saved TensorFlow.js model, of layers or a graph, as one file.',
    )
    .argument('<source>', 'a snapshot store, e.g. Ensemble, or a model.json')
    .requiredOption('--out <path>', 'folder of the bundle to make; of a model, the .onnx file')
    .option('--check', 'compare with TensorFlow.js on random and edge inputs (needs both runtimes)')
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
    .option('--overwrite', 'replace what is already there')
    .action((source: string, flags: ExportFlags) =>
      source.endsWith('.json')
        ? exportModel(source, flags, surroundings)
        : exportStore(source, flags, surroundings),
    );
}

function addLabels(text: string, labels: Labels): Labels {
  const [, output, names] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (output === undefined || names === undefined)
    throw new InvalidArgumentError('Give the output and its classes, such as digit=zero,one,two.');
  return { ...labels, [output]: names.split(',') };
}
