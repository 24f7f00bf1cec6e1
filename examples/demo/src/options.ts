import { Command, InvalidArgumentError, Option } from 'commander';
import { BACKENDS, type BackendName } from './backend-names.ts';
import { BATCH_SIZE } from './recipes.ts';

export interface QuickstartOptions {
  /** Images to train on, of the subset's 5,000. */
  readonly trainSize: number;
  /** Images to report on, of Fashion-MNIST's 10,000. */
  readonly testSize: number;
  readonly epochs: number;
  /** Cycles of the schedule, and so members of the ensemble. */
  readonly cycles: number;
  readonly seed: number;
  /** Start over, whatever an earlier run left. */
  readonly fresh: boolean;
  /** Folder for all that the run leaves behind. */
  readonly out: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** What trains. */
  readonly backend: BackendName;
}

const LARGEST_TRAIN_SIZE = 5_000;

/** The command line of the demo. Throws a `CommanderError` whose message is one line, for `--help` too. */
export function parseOptions(
  words: readonly string[],
  write: (text: string) => void,
): QuickstartOptions {
  const command = new Command('npm run demo --')
    .description(
      'Trains a snapshot ensemble on Fashion-MNIST, measures it against a tuned single model, exports it to ONNX, serves it and asks it about garments and digits.',
    )
    .addOption(flag('--train-size <images>', 'images to train on', 5_000, 100, LARGEST_TRAIN_SIZE))
    .addOption(flag('--test-size <images>', 'images to report on', 10_000, 100, 10_000))
    .addOption(flag('--epochs <number>', 'passes over them', 60, 1, 1_000))
    .addOption(flag('--cycles <number>', 'cycles of the schedule = members', 8, 2, 100))
    .addOption(flag('--seed <number>', 'of weights and order', 1, 0, 2 ** 31 - 1))
    .option('--fresh', 'start over instead of continuing an earlier run', false)
    .option('--out <folder>', 'where everything goes', 'out')
    .addOption(flag('--port <number>', 'for the server; 0 takes a free one', 0, 0, 65_535))
    .addOption(
      new Option('--backend <name>', 'what trains; tensorflow needs @tensorflow/tfjs-node')
        .choices(BACKENDS)
        .default('wasm'),
    )
    .exitOverride()
    .configureOutput({
      writeOut: write,
      outputError: () => undefined,
    })
    .parse(words, { from: 'user' });
  const options = command.opts<QuickstartOptions>();
  checkBudget(options);
  return options;
}

function flag(
  flags: string,
  description: string,
  fallback: number,
  least: number,
  most: number,
): Option {
  return new Option(flags, `${description} (${least} to ${most})`)
    .default(fallback)
    .argParser((text) => {
      const value = Number(text);
      if (Number.isInteger(value) && value >= least && value <= most) return value;
      throw new InvalidArgumentError(`Allowed is a whole number from ${least} to ${most}.`);
    });
}

/** A cycle needs a step to fall in. Checked before anything is written. */
function checkBudget({ trainSize, epochs, cycles }: QuickstartOptions): void {
  const steps = epochs * Math.floor(trainSize / BATCH_SIZE);
  if (2 * cycles <= steps) return;
  throw new RangeError(
    `--cycles ${cycles} do not fit into ${steps} steps (${epochs} epochs of ${trainSize} images, ${BATCH_SIZE} a step): a cycle has at least 2. ` +
      `Allowed are up to ${Math.floor(steps / 2)}; or raise --epochs or --train-size.`,
  );
}
