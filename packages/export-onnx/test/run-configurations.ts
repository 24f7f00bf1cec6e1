import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import type { HostTensors } from '../src/index.ts';
import { cleanName } from '../src/keras/clean-name.ts';
import { allParities } from '../src/parity/check-parity.ts';
import { edgeInputs } from '../src/parity/parity-inputs.ts';
import { generator } from '../src/parity/random.ts';
import { exportOnnx } from './checked-export.ts';
import { configurations, type Configuration } from './configurations.ts';
import { artifactsOf, predictor, randomizeWeights, tf } from './tfjs.ts';

/** Configurations of one class that ran in tfjs, and how far onnxruntime was from it. */
export interface Outcome {
  readonly ran: number;
  /** Different ones among those that ran; a class of few options repeats itself, with other weights. */
  readonly distinct: number;
  /** Configurations that tfjs itself does not build or run. */
  readonly refused: number;
  /** On inputs around zero. */
  readonly largestDifference: number;
  /** Largest difference as a share of the gate, inputs at the edges included. */
  readonly largestShare: number;
  readonly failures: readonly string[];
}

interface Tally {
  ran: number;
  refused: number;
  largestDifference: number;
  largestShare: number;
  readonly seen: Set<string>;
  readonly failures: string[];
}

/** Sees each exported file with inputs and what tfjs answers to them. */
export type Observer = (bytes: Uint8Array, inputs: HostTensors, answers: HostTensors) => void;

/** Of every class, on values around 1. */
const GATE = { absolute: 1e-6, relative: 1e-5 } as const;
// Many configurations in one model cost one session instead of many.
const GROUP = 25;

/** Runs generated configurations of a class until `wanted` of them ran in tfjs. */
export async function runConfigurations(
  className: keyof typeof configurations,
  wanted: number,
  seed: number,
  observe?: Observer,
): Promise<Outcome> {
  const outcome: Tally = {
    ran: 0,
    refused: 0,
    largestDifference: 0,
    largestShare: 0,
    seen: new Set(),
    failures: [],
  };
  const samples = fc.sample(configurations[className], { seed, numRuns: wanted * 6 });
  let group: Branch[] = [];
  for (const [index, sample] of samples.entries()) {
    if (outcome.ran + group.length >= wanted) break;
    const branch = tryBuild(sample, `${className}${seed}_c${index}`);
    if (branch === undefined) outcome.refused++;
    else group.push(branch);
    // A mask stays with everything that tfjs executes after it: such a branch gets a model of its own.
    if (group.length >= GROUP || (sample.isMasked === true && branch !== undefined)) {
      await runGroup(className, group, outcome, observe);
      group = [];
    }
  }
  if (group.length > 0) await runGroup(className, group, outcome, observe);
  const { seen, ...counts } = outcome;
  return { ...counts, distinct: seen.size };
}

interface Branch {
  readonly configuration: Configuration;
  readonly inputs: readonly tf.SymbolicTensor[];
  readonly output: tf.SymbolicTensor;
}

function tryBuild(configuration: Configuration, name: string): Branch | undefined {
  try {
    const inputs = configuration.inputs.map((shape, index) =>
      tf.input({ shape: [...shape], name: `${name}_in${index}` }),
    );
    const fed =
      configuration.isMasked === true
        ? [tf.layers.masking({ maskValue: 0 }).apply(inputs[0]!) as tf.SymbolicTensor]
        : inputs;
    const layer = configuration.layer();
    const output = layer.apply(fed.length === 1 ? fed[0]! : fed) as tf.SymbolicTensor;
    // What tfjs itself declares impossible may still run, as a slice "to the end".
    if (!output.shape.every((dim) => dim === null || dim > 0)) return undefined;
    const branch = { configuration, inputs, output };
    // What builds may still not run.
    const model = tf.model({ inputs: [...inputs], outputs: output });
    const { y } = predictor(model, ['y'])(feedsOf([branch], 2, 1));
    // An output without elements proves nothing.
    return y!.shape[0] === 2 && y!.shape.every((dim) => dim > 0) ? branch : undefined;
  } catch {
    return undefined;
  }
}

async function runGroup(
  className: keyof typeof configurations,
  branches: readonly Branch[],
  outcome: Tally,
  observe: Observer | undefined,
): Promise<void> {
  const inputs = branches.flatMap((branch) => branch.inputs);
  const outputs = branches.map(({ output }) => output);
  const model = tf.model({ inputs, outputs });
  const seed = outcome.ran;
  const largest = Math.min(
    ...branches.map(({ configuration }) => configuration.largestWeight ?? 0.7),
  );
  randomizeWeights(model, 7 + seed, (shape) => largest * shareOf(shape));
  const exported = exportOnnx(await artifactsOf(model));
  const names = exported.outputs.map(({ name }) => name);
  const predict = predictor(model, names);
  const feeds = [feedsOf(branches, 1, seed + 3), feedsOf(branches, 3, seed + 4)];
  observe?.(exported.bytes, feeds[1]!, predict(feeds[1]!));
  const limits = branches.flatMap(({ inputs, configuration: { idsBelow } }) =>
    idsBelow === undefined ? [] : inputs.map(({ sourceLayer }) => [sourceLayer.name, idsBelow]),
  );
  const results = await allParities({
    bytes: exported.bytes,
    ort,
    inputs: [
      ...feeds,
      ...edgeInputs(exported.inputs, Object.fromEntries(limits) as Record<string, number>, seed),
    ],
    predict,
    ...GATE,
  });
  outcome.ran += branches.length;
  const described = new Map(
    branches.map((branch, index) => [names[index]!, describe(branch, model)] as const),
  );
  described.forEach((what) => outcome.seen.add(what));
  for (const { output, worstInput, ...result } of results) {
    // At the edges inputs are up to 1e6, and so may be what a last bit is worth.
    if (worstInput < feeds.length)
      outcome.largestDifference = Math.max(outcome.largestDifference, result.largestDifference);
    outcome.largestShare = Math.max(outcome.largestShare, result.largestShare);
    if (!result.isClose || !result.isArgmaxEqual)
      outcome.failures.push(
        `${result.largestDifference}, ${result.largestShare} of the gate, input set ${worstInput}: ${described.get(output)!}`,
      );
  }
  model.dispose();
}

// The gate is made for values around 1: what sums more than 16 products gets smaller weights.
function shareOf(shape: readonly number[]): number {
  const products = shape.slice(0, -1).reduce((product, side) => product * side, 1);
  return Math.min(1, Math.sqrt(16 / products));
}

function describe({ configuration, output }: Branch, model: tf.LayersModel): string {
  const layer = model.layers.find((candidate) => candidate.output === output)!;
  // Names are counted.
  const config = { ...layer.getConfig(), name: '' };
  return JSON.stringify([configuration.inputs, config]);
}

/** Values around zero, some of them exactly 0, whole steps of zeros where a mask is at work. */
function feedsOf(branches: readonly Branch[], rows: number, seed: number): HostTensors {
  const random = generator(seed);
  return Object.fromEntries(
    branches.flatMap(({ inputs, configuration }) =>
      inputs.map((input) => {
        const shape = [rows, ...(input.shape.slice(1) as number[])];
        const length = shape.reduce((product, dim) => product * dim, 1);
        const features = shape.at(-1)!;
        let isMasked = false;
        const data = Float32Array.from({ length }, (_, index) => {
          if (configuration.idsBelow !== undefined)
            return Math.floor(random() * configuration.idsBelow);
          if (configuration.isMasked === true && index % features === 0) isMasked = random() < 0.4;
          if (isMasked || random() < 0.05) return 0;
          return (random() + random() + random() - 1.5) * 2;
        });
        if (configuration.isAlternating === true) alternate(data, shape);
        return [cleanName(input.sourceLayer.name), { data, shape }] as const;
      }),
    ),
  );
}

/** Turns the sign from place to place along every axis but the batch, and keeps off 0. */
function alternate(data: Float32Array, shape: readonly number[]): void {
  data.forEach((value, index) => {
    let [rest, places] = [index, 0];
    for (const side of shape.slice(1).toReversed()) {
      places += rest % side;
      rest = Math.floor(rest / side);
    }
    data[index] = (0.5 + Math.abs(value)) * (places % 2 === 0 ? 1 : -1);
  });
}
