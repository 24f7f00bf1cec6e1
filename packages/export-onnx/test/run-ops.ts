import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import type { HostTensor, HostTensors } from '../src/index.ts';
import { buildModel } from '../src/build-model.ts';
import { ExportError, type GraphModelArtifacts } from '../src/index.ts';
import { settingsOf } from '../src/options.ts';
import { allParities } from '../src/parity/check-parity.ts';
import { generator } from '../src/parity/random.ts';
import { exportOperations } from './checked-export.ts';
import { attr, graphModel, placeholder, type Constant, type GraphNode } from './graph-def.ts';
import { opCases, type CaseInput, type OpCase } from './op-cases.ts';
import type { Outcome } from './run-configurations.ts';
import { tf } from './tfjs.ts';

const GATE = { absolute: 1e-6, relative: 1e-5 } as const;
// Many cases in one model cost one session instead of many.
const GROUP = 25;
/** The length of the axis that these cut must be known, the batch's too. */
const cutsAxes = ['Split', 'Unpack'];

/** The batch is one symbol: who leaves it open has this one. */
const OPEN = 2;
/** What tfjs runs asynchronously only. */
const DYNAMIC = /^NonMaxSuppression|^Where$|^ListDiff$/;

interface Fed {
  readonly name: string;
  readonly input: CaseInput;
}

interface Piece {
  readonly nodes: readonly GraphNode[];
  readonly constants: readonly Constant[];
  readonly fed: readonly Fed[];
  readonly outputs: readonly string[];
}

export interface OpOutcome extends Outcome {
  /** ONNX operators that the cases became, the most frequent first. */
  readonly becomes: readonly string[];
}

/** Runs generated cases of an operation until `wanted` of them ran in tfjs. */
export async function runOps(op: string, wanted: number, seed: number): Promise<OpOutcome> {
  const samples = fc.sample(opCases[op]!, { seed, numRuns: wanted * 3 });
  const tally = {
    ran: 0,
    refused: 0,
    largestDifference: 0,
    largestShare: 0,
    failures: [] as string[],
  };
  const seen = new Set<string>();
  const became = new Map<string, number>();
  let group: OpCase[] = [];
  const flush = async (): Promise<void> => {
    const outcome = await runGroup(group, seed + tally.ran);
    group.forEach((sample) => seen.add(JSON.stringify(sample)));
    tally.ran += group.length;
    tally.largestDifference = Math.max(tally.largestDifference, outcome.largestDifference);
    tally.largestShare = Math.max(tally.largestShare, outcome.largestShare);
    tally.failures.push(...outcome.failures);
    for (const opType of outcome.operators) became.set(opType, (became.get(opType) ?? 0) + 1);
    group = [];
  };
  for (const sample of samples) {
    if (tally.ran + group.length >= wanted) break;
    if (await runsInTfjs(sample)) group.push(sample);
    else tally.refused++;
    if (group.length >= (DYNAMIC.test(op) ? 5 : GROUP)) await flush();
  }
  if (group.length > 0) await flush();
  const becomes = [...became].toSorted(([, a], [, b]) => b - a).map(([opType]) => opType);
  return { ...tally, distinct: seen.size, becomes };
}

async function runsInTfjs(sample: OpCase): Promise<boolean> {
  const piece = pieceOf(sample, 'c0', 1);
  const model = await load([piece]);
  try {
    const answer = await predict(model, [piece], feedsOf([piece], 1), DYNAMIC.test(sample.op));
    // What has no elements, or none that is a number, proves nothing.
    return Object.values(answer).every(({ data }) => data.length > 0);
  } catch {
    return false;
  } finally {
    model.dispose();
  }
}

function pieceOf({ op, inputs, attributes, outputs }: OpCase, name: string, seed: number): Piece {
  const random = generator(seed);
  const nodes: GraphNode[] = [];
  const constants: Constant[] = [];
  const fed: Fed[] = [];
  const names = inputs.map((input, index) => {
    const own = `${name}_in${index}`;
    if (!input.isFed) {
      constants.push({
        name: own,
        dtype: input.dtype,
        shape: input.shape,
        values: draw(input, random),
      });
      return own;
    }
    fed.push({ name: own, input });
    // An open batch now and then.
    const isOpen =
      random() < 0.6 && input.shape.length > 1 && input.shape[0] === OPEN && !cutsAxes.includes(op);
    nodes.push(placeholder(own, input.dtype, isOpen ? input.shape.with(0, -1) : input.shape));
    if (input.shape.length !== 4 || input.dtype !== 'float32' || random() < 0.5) return own;
    // A pool of one leaves everything as it is, channels first.
    const ones = attr.ints([1, 1, 1, 1]);
    const through = {
      ksize: ones,
      strides: ones,
      padding: attr.text('VALID'),
      data_format: attr.text('NHWC'),
    };
    nodes.push({ name: `${own}_pool`, op: 'MaxPool', input: [own], attr: through });
    return `${own}_pool`;
  });
  nodes.push({ name, op, input: names, attr: attributes });
  return {
    nodes,
    constants,
    fed,
    outputs: Array.from({ length: outputs }, (_, index) =>
      index === 0 ? name : `${name}:${index}`,
    ),
  };
}

function artifactsOf(pieces: readonly Piece[]) {
  const outputs = pieces.flatMap((piece) => piece.outputs);
  return graphModel(
    pieces.flatMap(({ nodes }) => nodes),
    pieces.flatMap(({ constants }) => constants),
    Object.fromEntries(outputs.map((output) => [keyOf(output), output])),
  );
}

const keyOf = (output: string): string => output.replace(':', '_out');

async function load(pieces: readonly Piece[]): Promise<tf.GraphModel> {
  return tf.loadGraphModel(tf.io.fromMemory(artifactsOf(pieces)));
}

async function predict(
  model: tf.GraphModel,
  pieces: readonly Piece[],
  feeds: HostTensors,
  isDynamic: boolean,
): Promise<HostTensors> {
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([name, { data, shape }]) => {
      const dtype =
        data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool';
      return [name, tf.tensor(data, [...shape], dtype)];
    }),
  );
  const names = pieces.flatMap(({ outputs }) => outputs);
  const answer = isDynamic
    ? await model.executeAsync(tensors, names)
    : model.execute(tensors, names);
  const list = Array.isArray(answer) ? answer : [answer];
  const answers = names.map((name, index): [string, HostTensor] => [
    keyOf(name),
    { data: list[index]!.dataSync(), shape: list[index]!.shape },
  ]);
  tf.dispose(tensors);
  return Object.fromEntries(answers);
}

async function runGroup(samples: readonly OpCase[], seed: number) {
  const pieces = samples.map((sample, index) => pieceOf(sample, `c${index}`, seed * 1000 + index));
  const isDynamic = samples.some(({ op }) => DYNAMIC.test(op));
  const failures: string[] = [];
  let [largestDifference, largestShare] = [0, 0];
  const artifacts = artifactsOf(pieces);
  let bytes: Uint8Array;
  try {
    bytes = exportOperations(artifacts).bytes;
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
    return { largestDifference, largestShare, failures: [error.message], operators: [] };
  }
  const model = await load(pieces);
  const feeds = [feedsOf(pieces, seed + 1), feedsOf(pieces, seed + 2)];
  const results = await allParities({
    bytes,
    ort,
    inputs: feeds,
    predict: (given) => predict(model, pieces, given, isDynamic),
    ...GATE,
  });
  model.dispose();
  for (const { output, isClose, ...result } of results) {
    largestDifference = Math.max(largestDifference, result.largestDifference);
    largestShare = Math.max(largestShare, result.largestShare);
    const sample = samples[Number(/^c(\d+)/.exec(output)![1])]!;
    if (!isClose)
      failures.push(
        `${result.largestDifference}, ${result.largestShare} of the gate: ${JSON.stringify(sample)}`,
      );
  }
  return { largestDifference, largestShare, failures, operators: operatorsOf(artifacts) };
}

/** The operators of each case, once a case. */
function operatorsOf(artifacts: GraphModelArtifacts): readonly string[] {
  const { nodes } = buildModel(artifacts, settingsOf({})).graph;
  const pairs = nodes.flatMap(({ name, opType }) => {
    const [, own] = /^(c\d+)\//.exec(name) ?? [];
    return own === undefined ? [] : [`${own} ${opType}`];
  });
  return [...new Set(pairs)].map((pair) => pair.split(' ')[1]!);
}

function feedsOf(pieces: readonly Piece[], seed: number): HostTensors {
  const random = generator(seed);
  return Object.fromEntries(
    pieces
      .flatMap(({ fed }) => fed)
      .map(({ name, input }) => {
        const values = draw(input, random);
        const data =
          input.dtype === 'float32'
            ? Float32Array.from(values)
            : input.dtype === 'int32'
              ? Int32Array.from(values)
              : Uint8Array.from(values);
        return [name, { data, shape: input.shape }] as const;
      }),
  );
}

/** Elements of an input. */
function draw({ shape, elements }: CaseInput, random: () => number): readonly number[] {
  if (Array.isArray(elements)) return elements as readonly number[];
  const count = shape.reduce((total, dim) => total * dim, 1);
  const products = shape.slice(0, -1).reduce((total, dim) => total * dim, 1);
  const share = 0.7 * Math.min(1, Math.sqrt(16 / Math.max(1, products)));
  const makers: Readonly<Record<string, (index: number) => number>> = {
    real: () => (random() < 0.05 ? 0 : (random() + random() + random() - 1.5) * 2),
    positive: () => 0.2 + 2 * random(),
    unit: () => 1.8 * random() - 0.9,
    aboveOne: () => 1.1 + 2 * random(),
    whole: () => Math.floor(random() * 11) - 5,
    counts: () => 1 + Math.floor(random() * 4),
    flags: () => (random() < 0.5 ? 0 : 1),
    kernel: () => (2 * random() - 1) * share,
    // Neighbours never tie.
    distinct: (index) => ((index * 7919) % 101) / 10 - 5 + random() * 1e-3,
  };
  const make =
    typeof elements === 'string'
      ? makers[elements]!
      : () => Math.floor(random() * (elements as { readonly below: number }).below);
  return Array.from({ length: count }, (_, index) => make(index));
}
