import { sha256 } from '@snapshot-ensemble/bytes';
import { ExportError } from '../errors.ts';
import { rawBytes } from '../onnx/encode.ts';
import type { Graph, Initializer, Node } from '../onnx/model.ts';
import { createScratch } from '../onnx/scratch.ts';
import { byteLengthOf, type TensorData } from '../onnx/tensor-data.ts';
import { optimize } from '../optimize/index.ts';
import { renameValues } from '../optimize/rename.ts';
import type { Settings } from '../options.ts';
import type { Member, WeightMemory } from './members.ts';

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
async function build(
  member: Member,
  options: MemberGraphOptions,
  memory?: WeightMemory,
): Promise<Graph> {
  const { settings, sigmoidOutputs, convert } = options;
  const graph = await member.convert(settings, memory);
  return convert(optimize(withSigmoid(graph, sigmoidOutputs)));
}

/** The graph with the sigmoid of outputs under their names. */
function withSigmoid(graph: Graph, names: readonly string[]): Graph {
  if (names.length === 0) return graph;
  const outputs = graph.outputs.map(({ name }) => name);
  const unknown = names.filter((name) => !outputs.includes(name));
  if (unknown.length > 0)
    throw new ExportError(
      'invalid-option',
      `sigmoidOutputs names ${unknown.join(', ')}; the outputs are ${outputs.join(', ')}.`,
    );
  const logits = graph.outputs
    .filter(({ name }) => names.includes(name))
    .map((output) => ({ ...output, name: `${output.name}/logits` }));
  const named = new Map(names.map((name) => [name, `${name}/logits`]));
  const nodes = names.map((name): Node => ({
    name: `${name}/Sigmoid`,
    opType: 'Sigmoid',
    inputs: [`${name}/logits`],
    outputs: [name],
    attributes: {},
  }));
  return {
    ...graph,
    nodes: [...graph.nodes.map((node) => renameValues(node, named)), ...nodes],
    valueInfo: [...graph.valueInfo, ...logits],
  };
}

/** The graph of each member. Weights of a store's members are let go and read again when they are written, one member at a time. */
export async function memberGraphs(
  members: readonly Member[],
  options: MemberGraphOptions,
): Promise<readonly Graph[]> {
  const held: Holder = { member: undefined, initializers: new Map() };
  const memory: WeightMemory = new Map();
  const graphs: Graph[] = [];
  for (const member of members) {
    const isHeld = options.isHeld || member.isAtHand;
    const graph = await build(member, options, isHeld ? undefined : memory);
    graphs.push(isHeld ? graph : letGo(graph, member, held, () => build(member, options, memory)));
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
  const allocate = createScratch();
  const initializers = graph.initializers.map((initializer): Initializer => {
    const { name, data } = initializer;
    if (byteLengthOf(data) < HELD_BYTES) return { ...initializer, data: copied(data) };
    const hash = sha256();
    hash.update(rawBytes(data, allocate));
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
