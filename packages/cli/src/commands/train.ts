import type { Command } from 'commander';
import type { Surroundings } from '../command.ts';
import { trainEnsemble } from '../train/train-ensemble.ts';

interface TrainFlags {
  readonly store: string;
  readonly fresh?: true;
  readonly json?: true;
}

export function define(command: Command, surroundings: Surroundings): void {
  command
    .description(
      'Trains the model that your module exports and saves a snapshot at the end of every cycle. The module exports\n' +
        '  model     a compiled tf.LayersModel\n' +
        '  data      { inputs, targets } (tensors), or { dataset } (a tf.data.Dataset)\n' +
        '  options   those of fit, and ensemble: those of snapshotEnsembleCallback\n' +
        'each a value or a function that returns it. Run the same command again to continue after the last whole epoch.',
    )
    .argument('<module>', 'an .mjs or .js file, e.g. train.mjs')
    .option('--store <folder>', 'folder for snapshots and checkpoints', 'Ensemble')
    .option('--fresh', 'replace the run that is in the store')
    .option('--json', 'print progress as one JSON object per line')
    .action((module: string, flags: TrainFlags) => trainEnsemble(module, flags, surroundings));
}
