import type { Attribute, Graph, Node } from '../onnx/model.ts';

/** How often each value is read: by nodes, by graphs inside nodes, as an output of the graph. */
export function countUses({ nodes, outputs }: Graph): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  const add = (name: string): void => {
    uses.set(name, (uses.get(name) ?? 0) + 1);
  };
  for (const node of nodes) valuesRead(node).forEach(add);
  for (const { name } of outputs) add(name);
  return uses;
}

/** The graphs inside a node. */
export function subgraphs({ attributes }: Node): readonly Graph[] {
  return Object.values(attributes).flatMap((attribute: Attribute) => {
    if (attribute.type === 'graph') return [attribute.value];
    return attribute.type === 'graphs' ? attribute.value : [];
  });
}

/** Names that a node reads, those inside its graphs included, whether they come from outside or not. */
export function valuesRead(node: Node): readonly string[] {
  const inner = subgraphs(node).flatMap((graph) => [
    ...graph.nodes.flatMap(valuesRead),
    ...graph.outputs.map(({ name }) => name),
  ]);
  return [...node.inputs.filter((name) => name !== ''), ...inner];
}

export function producers({ nodes }: Graph): ReadonlyMap<string, Node> {
  return new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
}

/** Names that a graph gives itself: inputs, constants, results; of graphs inside its nodes, too, if `isDeep`. */
export function namesDefined(graph: Graph, isDeep = false): readonly string[] {
  return [
    ...graph.inputs.map(({ name }) => name),
    ...graph.initializers.map(({ name }) => name),
    ...(graph.storedInitializers ?? []).map(({ name }) => name),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
    ...(isDeep ? graph.nodes.flatMap(subgraphs).flatMap((inner) => namesDefined(inner, true)) : []),
  ];
}
