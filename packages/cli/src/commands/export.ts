import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Surroundings } from '../command.ts';
import { type ExportFlags, type Labels, precisions } from '../export/flags.ts';
import { exportModel } from '../export/export-model.ts';
import { exportStore } from '../export/export-store.ts';
import { count } from '../values.ts';

export function define(command: Command, surroundings: Surroundings): void {
  command
    .description(
      'Exports to ONNX: the members of a store as one bundle (their mean, its uncertainty, and, where TensorFlow.js is installed, a\n' +
        'smoke request with the answer that they give there, for verify), or a saved TensorFlow.js model as one file.',
    )
    .argument(
      '<source>',
      'a snapshot store, e.g. Ensemble, a folder of several with --sweep, either in s3:// too, or a model.json',
    )
    .requiredOption('--out <path>', 'folder of the bundle to make; of a model, the .onnx file')
    .option('--check', 'compare with TensorFlow.js on random and edge inputs (needs both runtimes)')
    .option('--last <count>', 'only the last so many members (default: all)', count)
    .option('--best <count>', 'only so many members, the best by --metric', count)
    .option('--metric <name>', 'by which members are the best, e.g. val_loss')
    .option('--sweep', 'the source holds many stores, whose members are candidates together')
    .option('--members <ids>', 'only these members, by id or position from 0: 0,2,4', list)
    .addOption(
      new Option(
        '--form <form>',
        'how members are laid out in files (default: auto: staged for a cascade, otherwise fused)',
      ).choices(['auto', 'fused', 'stacked', 'staged', 'separate']),
    )
    .addOption(
      new Option('--precision <precision>', 'how weights are stored (default: float32)').choices(
        precisions,
      ),
    )
    .option(
      '--rows <file>',
      'rows as an Open Inference request in JSON, with "labels" if known: int8-static learns its ranges from them, and a reduced precision is compared on them',
    )
    .option('--name <name>', "the bundle's name (default: that of its folder)")
    .addOption(
      new Option(
        '--kind <kind>',
        "what the model's outputs are (default: derived from the last layer)",
      ).choices(['probabilities', 'logits', 'binary', 'multi-label', 'regression']),
    )
    .option('--labels <output=a,b,…>', 'class names of an output; may be repeated', addLabels, {})
    .option('--opset <version>', 'version of the ONNX operators, 17 to 21', count)
    .option('--no-smoke', 'leave out the smoke request')
    .option('--overwrite', 'replace what is already there')
    .action((source: string, flags: ExportFlags) =>
      source.endsWith('.json')
        ? exportModel(source, flags, surroundings)
        : exportStore(source, flags, surroundings),
    );
}

function list(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim());
}

function addLabels(text: string, labels: Labels): Labels {
  const [, output, names] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (output === undefined || names === undefined)
    throw new InvalidArgumentError('Give the output and its classes, such as digit=zero,one,two.');
  return { ...labels, [output]: names.split(',') };
}
