import { sha256 } from '@snapshot-ensemble/bytes';
import { convertOutputs } from '../build-model.ts';
import { ExportError } from '../errors.ts';
import { createGraphBuilder } from '../graph/builder.ts';
import { unary } from '../graph/ops.ts';
import { graphInputs } from '../layers-model/graph-inputs.ts';
import { ioNames } from '../layers-model/io-names.ts';
import { rawBytes } from '../onnx/encode.ts';
import type { Graph, Initializer } from '../onnx/model.ts';
import { byteLengthOf, type TensorData } from '../onnx/tensor-data.ts';
import { optimize } from '../optimize/index.ts';
import type { Settings } from '../options.ts';
import type { Member } from './members.ts';

export interface MemberGraphOptions {
  readonly settings: Settings;
  /** Outputs that are logits of independent probabilities: the graph adds the sigmoid. */
  readonly sigmoidOutputs: readonly string[];
  /** Whether the weights of all members stay in memory. */
  readonly isHeld: boolean;
  /** What is done to the graph of each member, weights included. */
  readonly convert: (graph: Graph) => Graph | Promise<Graph>;
}

/** One member as a graph whose outputs have the names of the ensemble's predictions. */
async function build(member: Member, options: MemberGraphOptions): Promise<Graph> {
  const { settings, sigmoidOutputs, convert } = options;
  const { spec } = member;
  const graph = createGraphBuilder(settings.opset);
  const inputNames = ioNames(spec.inputs, settings.inputNames);
  const inputs = graphInputs(graph, spec, inputNames, settings.inputLayout);
  const outputs = convertOutputs(spec, inputs, graph, await member.readWeights(), settings);
  const names = ioNames(spec.outputs, settings.outputNames, new Set(inputNames));
  const unknown = sigmoidOutputs.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new ExportError(
      'invalid-option',
      `sigmoidOutputs names ${unknown.join(', ')}; the outputs are ${names.join(', ')}.`,
    );
  const named = outputs.map((value, index) => {
    const name = names[index]!;
    return [name, sigmoidOutputs.includes(name) ? unary(graph, 'Sigmoid', value) : value] as const;
  });
  return convert(optimize(graph.finish(spec.name, named)));
}

/** The graph of each member. Weights of a store's members are let go and read again when they are written, one member at a time. */
export async function memberGraphs(
  members: readonly Member[],
  options: MemberGraphOptions,
): Promise<readonly Graph[]> {
  const held: Holder = { member: undefined, initializers: new Map() };
  const graphs: Graph[] = [];
  for (const member of members) {
    const graph = await build(member, options);
    const isHeld = options.isHeld || member.isAtHand;
    graphs.push(isHeld ? graph : letGo(graph, member, held, () => build(member, options)));
  }
  return graphs;
}

/** Whose weights are in memory. */
interface Holder {
  member: Member | undefined;
  initializers: ReadonlyMap<string, TensorData>;
}

// Smaller ones cost less held than read again.
const HELD_BYTES = 4096;

/** The graph with checksums in the place of its large weights, which tell equal ones as surely as the bytes do. */
function letGo(graph: Graph, member: Member, held: Holder, again: () => Promise<Graph>): Graph {
  const prepare = async (): Promise<void> => {
    if (held.member === member) return;
    // Let the others go first: two members at a time is one too many.
    held.member = undefined;
    held.initializers = new Map();
    const { initializers } = await again();
    held.initializers = new Map(initializers.map(({ name, data }) => [name, data]));
    held.member = member;
  };
  const initializers = graph.initializers.map((initializer): Initializer => {
    const { name, data } = initializer;
    if (byteLengthOf(data) < HELD_BYTES) return { ...initializer, data: copied(data) };
    const hash = sha256();
    hash.update(rawBytes(data));
    const recipe = `sha256 ${hash.hex()}`;
    const read: TensorData['read'] = (allocate) => held.initializers.get(name)!.read(allocate);
    return {
      ...initializer,
      data: { dtype: data.dtype, shape: data.shape, sources: [], recipe, read, prepare },
    };
  });
  return { ...graph, initializers };
}

/** The elements in memory of their own, so that what they were cut from can go. */
function copied(data: TensorData): TensorData {
  const elements = data.read().slice();
  return { ...data, sources: [elements], recipe: '', read: () => elements };
}
