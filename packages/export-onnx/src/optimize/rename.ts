import type { Attribute, Graph, Node } from '../onnx/model.ts';
import { namesDefined, subgraphs } from './graph-uses.ts';

/** New names by old names; a chain of them is followed to its end. */
export type Renaming = ReadonlyMap<string, string>;

/** The node with values renamed, inside its graphs as well, except where those define the old name themselves. */
export function renameValues(node: Node, renaming: Renaming): Node {
  const rename = (name: string): string => {
    let found = name;
    for (let next = renaming.get(found); next !== undefined; next = renaming.get(found))
      found = next;
    return found;
  };
  const isTouched = (names: readonly string[]): boolean => names.some((name) => renaming.has(name));
  const hasGraphs = subgraphs(node).length > 0;
  if (!hasGraphs && !isTouched(node.inputs) && !isTouched(node.outputs)) return node;
  return {
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
    attributes: hasGraphs ? inAttributes(node.attributes, renaming, rename) : node.attributes,
  };
}

function inAttributes(
  attributes: Node['attributes'],
  renaming: Renaming,
  rename: (name: string) => string,
): Node['attributes'] {
  const inGraph = (graph: Graph): Graph => {
    const own = namesDefined(graph).filter((name) => renaming.has(name));
    const left = new Map([...renaming].map(([name]) => [name, rename(name)]));
    for (const name of own) left.delete(name);
    const inner = (name: string): string => left.get(name) ?? name;
    return {
      ...graph,
      nodes: graph.nodes.map((node) => renameValues(node, left)),
      outputs: graph.outputs.map((value) => ({ ...value, name: inner(value.name) })),
    };
  };
  return Object.fromEntries(
    Object.entries(attributes).map(([key, attribute]): [string, Attribute] => {
      if (attribute.type === 'graph')
        return [key, { ...attribute, value: inGraph(attribute.value) }];
      if (attribute.type === 'graphs')
        return [key, { ...attribute, value: attribute.value.map(inGraph) }];
      return [key, attribute];
    }),
  );
}
