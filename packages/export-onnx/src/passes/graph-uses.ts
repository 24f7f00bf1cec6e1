import type { Graph, Node } from '../onnx/model.ts';

/** How often each value is read, as an output of the graph included. */
export function countUses({ nodes, outputs }: Graph): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  const add = (name: string): void => {
    uses.set(name, (uses.get(name) ?? 0) + 1);
  };
  for (const node of nodes) valuesRead(node).forEach(add);
  for (const { name } of outputs) add(name);
  return uses;
}

/** Names that a node reads, those inside its subgraphs included. */
export function valuesRead(node: Node): readonly string[] {
  const inner = Object.values(node.attributes).flatMap((attribute) =>
    attribute.type === 'graph'
      ? [
          ...attribute.value.nodes.flatMap(valuesRead),
          ...attribute.value.outputs.map(({ name }) => name),
        ]
      : [],
  );
  return [...node.inputs.filter((name) => name !== ''), ...inner];
}

export function producers({ nodes }: Graph): ReadonlyMap<string, Node> {
  return new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
}
