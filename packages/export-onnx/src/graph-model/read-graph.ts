import { asArray, asObject, type JsonObject } from '../artifacts/json.ts';
import { readAttributes, type NodeAttributes } from './attributes.ts';
import { invalidGraph } from './invalid-graph.ts';

/** An output of a node. */
export interface OutputRef {
  readonly node: string;
  readonly index: number;
}

export interface NodeSpec {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly OutputRef[];
  readonly attributes: NodeAttributes;
}

export interface FunctionSpec {
  /** Names of its arguments. */
  readonly inputs: readonly string[];
  readonly outputs: readonly OutputRef[];
  readonly nodes: ReadonlyMap<string, NodeSpec>;
}

/** A GraphDef. */
export interface GraphSpec {
  readonly nodes: ReadonlyMap<string, NodeSpec>;
  readonly functions: ReadonlyMap<string, FunctionSpec>;
}

// Far above any real model: the largest known have 10,000.
const MAX_NODES = 100_000;
const MAX_INPUTS = 1_000_000;

/** Reads a topology. Throws `ExportError('invalid-topology')`. */
export function readGraph(modelTopology: object): GraphSpec {
  const top = asObject(modelTopology, 'modelTopology');
  const budget = { nodes: MAX_NODES, inputs: MAX_INPUTS };
  const library = top['library'] === undefined ? {} : asObject(top['library'], 'library');
  const functions = new Map<string, FunctionSpec>();
  const list = library['function'];
  for (const json of list === undefined ? [] : asArray(list, 'library.function')) {
    const [name, spec] = readFunction(asObject(json, 'library.function'), budget);
    functions.set(name, spec);
  }
  return { nodes: readNodes(top['node'], 'node', budget), functions };
}

interface Budget {
  nodes: number;
  inputs: number;
}

function readNodes(json: unknown, where: string, budget: Budget): ReadonlyMap<string, NodeSpec> {
  const nodes = new Map<string, NodeSpec>();
  const list = json === undefined ? [] : asArray(json, where);
  budget.nodes -= list.length;
  if (budget.nodes < 0) throw invalidGraph(where, `has more than ${MAX_NODES} nodes`);
  list.forEach((entry, index) => {
    const node = readNode(asObject(entry, `${where}[${index}]`), `${where}[${index}]`, budget);
    if (nodes.has(node.name)) throw invalidGraph(where, `has two nodes named "${node.name}"`);
    nodes.set(node.name, node);
  });
  return nodes;
}

function readNode(json: JsonObject, where: string, budget: Budget): NodeSpec {
  const { name, op, input, attr } = json;
  if (typeof name !== 'string' || name === '' || typeof op !== 'string')
    throw invalidGraph(where, 'has no name or no op');
  const inputs = input === undefined ? [] : asArray(input, `${where}.input`);
  budget.inputs -= inputs.length;
  if (budget.inputs < 0) throw invalidGraph(where, `is beyond ${MAX_INPUTS} inputs`);
  return {
    name,
    op,
    // `^node` orders effects, of which a model that only answers has none.
    inputs: inputs
      .map((entry) => {
        if (typeof entry !== 'string' || entry === '')
          throw invalidGraph(name, 'has an input without a name');
        return entry;
      })
      .filter((entry) => !entry.startsWith('^'))
      .map((entry) => parseRef(entry)),
    attributes: readAttributes(attr, name),
  };
}

/** Arguments of ops whose outputs have names of their own, which function bodies use. */
const outputArguments: ReadonlyMap<string, number> = new Map([
  ['indices', 1],
  ['idx', 1],
  ['batch_mean', 1],
  ['batch_variance', 2],
  ['selected_scores', 1],
  ['valid_outputs', 1],
  ['output_shape', 1],
]);

/** `node`, `node:1`, and in bodies of functions `node:argument:0`. */
export function parseRef(text: string): OutputRef {
  const parts = text.split(':');
  const node = parts[0]!;
  const last = parts.length === 1 ? 0 : Number(parts.at(-1));
  const index = parts.length === 3 ? (outputArguments.get(parts[1]!) ?? 0) + last : last;
  if (!Number.isSafeInteger(index) || index < 0) throw invalidGraph(text, 'names no output');
  return { node, index };
}

function readFunction(json: JsonObject, budget: Budget): readonly [string, FunctionSpec] {
  const signature = asObject(json['signature'], 'library.function.signature');
  const { name } = signature;
  if (typeof name !== 'string')
    throw invalidGraph('library.function', 'has a function without a name');
  const names = (key: string): readonly string[] =>
    asArray(signature[key] ?? [], `${name}.${key}`).map((argument) => {
      const found = asObject(argument, `${name}.${key}`)['name'];
      if (typeof found !== 'string') throw invalidGraph(name, `has an argument without a name`);
      return found;
    });
  const returned = asObject(json['ret'] ?? {}, `${name}.ret`);
  return [
    name,
    {
      inputs: names('inputArg'),
      outputs: names('outputArg').map((output) => {
        const ref = Object.hasOwn(returned, output) ? returned[output] : undefined;
        if (typeof ref !== 'string') throw invalidGraph(name, `does not say what "${output}" is`);
        return parseRef(ref);
      }),
      nodes: readNodes(json['nodeDef'], `${name}.nodeDef`, budget),
    },
  ];
}
