import { createTensorPool } from '../graph/tensor-pool.ts';
import type { Graph, Initializer, Node } from '../onnx/model.ts';
import type { TensorData } from '../onnx/tensor-data.ts';
import { countUses, namesDefined, producers } from './graph-uses.ts';
import { renameValues } from './rename.ts';

/** What a rule may ask about the graph and put into it. */
export interface RuleContext {
  /** The constant of that name, if nobody can set it from outside. */
  constant(name: string | undefined): TensorData | undefined;
  /** The node of the standard operators that makes a value which only one node reads. */
  onlyUse(name: string | undefined): Node | undefined;
  isOutput(name: string): boolean;
  /** Element type and shape, where the graph declares them. */
  declared(name: string): { readonly dtype: number; readonly shape: Graph['inputs'][0]['shape'] };
  /** The name of a constant; an equal one is not stored twice. */
  store(name: string, data: TensorData): string;
}

/** What becomes of a node and of others, which vanish. Each value read from outside keeps its name. */
export interface Rewrite {
  readonly nodes: readonly Node[];
  readonly removed?: readonly Node[];
  /** Values that are another by now. */
  readonly renamed?: readonly [from: string, to: string];
  /** A value that has the shape of another by now. */
  readonly shapedAs?: readonly [name: string, like: string];
}

/** Says what becomes of a node of the standard operators; undefined leaves it. */
export type Rule = (node: Node, context: RuleContext) => Rewrite | undefined;

/** Applies the first rule that fits to each node, none twice to the same node. The same graph where nothing fits. */
export function rewrite(graph: Graph, rules: readonly Rule[]): Graph {
  const added: Initializer[] = [];
  const context = contextOf(graph, added);
  const replaced = new Map<Node, readonly Node[]>();
  const renaming = new Map<string, string>();
  const reshaped = new Map<string, string>();
  for (const node of graph.nodes) {
    if (replaced.has(node) || (node.domain ?? '') !== '') continue;
    for (const rule of rules) {
      const change = rule(node, context);
      if (change === undefined || (change.removed ?? []).some((other) => replaced.has(other)))
        continue;
      replaced.set(node, change.nodes);
      change.removed?.forEach((other) => replaced.set(other, []));
      if (change.shapedAs !== undefined) reshaped.set(...change.shapedAs);
      if (change.renamed !== undefined) renaming.set(...change.renamed);
      break;
    }
  }
  if (replaced.size === 0) return graph;
  const nodes = graph.nodes.flatMap((node) => replaced.get(node) ?? [node]);
  return {
    ...graph,
    nodes: renaming.size === 0 ? nodes : nodes.map((node) => renameValues(node, renaming)),
    initializers: [...graph.initializers, ...added],
    valueInfo: graph.valueInfo.flatMap((value) => {
      if (renaming.has(value.name)) return [];
      const like = reshaped.get(value.name);
      if (like === undefined) return [value];
      const { dtype, shape } = context.declared(like);
      return shape === undefined ? [] : [{ name: value.name, dtype, shape }];
    }),
  };
}

function contextOf(graph: Graph, added: Initializer[]): RuleContext {
  const uses = countUses(graph);
  const made = producers(graph);
  const settable = new Set(graph.inputs.map(({ name }) => name));
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const names = new Set(namesDefined(graph, true));
  const constants = new Map(
    graph.initializers.flatMap(({ name, data }) =>
      settable.has(name) ? [] : [[name, data] as const],
    ),
  );
  const declared = new Map(
    [...graph.inputs, ...graph.valueInfo, ...graph.outputs].map((value) => [value.name, value]),
  );
  const pool = createTensorPool();
  return {
    constant: (name) => (name === undefined ? undefined : constants.get(name)),
    isOutput: (name) => outputs.has(name),
    declared: (name) => declared.get(name) ?? { dtype: 0, shape: undefined },
    onlyUse(name) {
      const node = name === undefined || uses.get(name) !== 1 ? undefined : made.get(name);
      const isPlain = node?.outputs.length === 1 && (node.domain ?? '') === '';
      return isPlain && !outputs.has(name!) ? node : undefined;
    },
    store(wanted, data) {
      const known = pool.find(data);
      if (known !== undefined) return known;
      let name = wanted;
      for (let count = 1; names.has(name); count++) name = `${wanted}_${count}`;
      names.add(name);
      pool.add(name, data);
      added.push({ name, data });
      return name;
    },
  };
}

/** Whether a node carries no attributes but these. */
export function hasOnly({ attributes }: Node, ...names: readonly string[]): boolean {
  return Object.keys(attributes).every((name) => names.includes(name));
}

/** An attribute's integer, or what the operator takes by default. */
export function intOf({ attributes }: Node, name: string, fallback: number): number | undefined {
  const attribute = attributes[name];
  if (attribute === undefined) return fallback;
  return attribute.type === 'int' ? attribute.value : undefined;
}

/** An attribute's integers; undefined where it has none. */
export function intsOf({ attributes }: Node, name: string): readonly number[] | undefined {
  const attribute = attributes[name];
  return attribute?.type === 'ints' ? attribute.value : undefined;
}
