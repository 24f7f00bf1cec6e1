import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Surroundings } from '../command.ts';
import { withConfig } from '../export/config.ts';
import { type ExportFlags, forms, kinds, type Labels, precisions } from '../export/flags.ts';
import { exportModel } from '../export/export-model.ts';
import { exportStore } from '../export/export-store.ts';
import { count, repeatable } from '../values.ts';

export function define(command: Command, surroundings: Surroundings): void {
  command
    .description(
      'Exports to ONNX: the members of a store as one bundle with their mean and its uncertainty, or a saved TensorFlow.js model as ' +
        'one file. Where TensorFlow.js is installed, it computes a request and its answer for the bundle, which verify replays.',
    )
    .argument(
      '<source>',
      'a snapshot store, e.g. Ensemble; with --sweep, a folder of stores; both also as s3://…; or a model.json',
    )
    .requiredOption('--out <path>', 'folder for the bundle; for a model, the .onnx file')
    .option('--check', 'compare with TensorFlow.js on random and edge inputs (needs both runtimes)')
    .option('--last <count>', 'only the last members, this many (default: all)', count)
    .option('--best <count>', 'only the best members by --metric, this many', count)
    .option('--metric <name>', 'metric that ranks members for --best, e.g. val_loss')
    .option('--sweep', 'the source is a folder of stores: choose from the members of all of them')
    .option('--members <ids>', 'only these members, by id or position from 0: 0,2,4', list)
    .addOption(
      new Option(
        '--form <form>',
        'how members are divided into files (default: auto, which is staged for a cascade, stacked for heads on a backbone, otherwise fused)',
      ).choices(forms),
    )
    .addOption(
      new Option('--precision <precision>', 'how weights are stored (default: float32)').choices(
        precisions,
      ),
    )
    .option(
      '--rows <file>',
      'rows as an Open Inference request in JSON, with "labels" if known: to compare a reduced precision with float32, and for int8-static to learn ranges from',
    )
    .option(
      '--backbone <model.json>',
      'a frozen model, of layers or a graph, whose outputs the members take: computed and stored once',
    )
    .option('--cut-at <nodes>', 'of a graph model: ends it at these nodes: a,b', list)
    .option(
      '--config <file>',
      'JSON with options of exportEnsemble(), such as a fitted policy or preprocess; flags win over it',
    )
    .option('--name <name>', "the bundle's name (default: that of its folder)")
    .addOption(
      new Option(
        '--kind <kind>',
        "kind of the model's outputs (default: derived from the last layer)",
      ).choices(kinds),
    )
    .addOption(repeatable('--labels <output=a,b,…>', 'class names of an output', addLabels, {}))
    .option('--opset <version>', 'version of the ONNX operators, 17 to 21', opset)
    .option('--no-smoke', 'leave out the smoke request')
    .option('--overwrite', 'replace what is already there')
    .option('--json', 'print what was written, and what --check compared, as JSON')
    .action(async (source: string, flags: ExportFlags) =>
      source.endsWith('.json')
        ? exportModel(source, flags, surroundings)
        : exportStore(source, await withConfig(flags, surroundings.directory), surroundings),
    );
}

function opset(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 17 || value > 21)
    throw new InvalidArgumentError('Give a whole number from 17 to 21.');
  return value;
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
