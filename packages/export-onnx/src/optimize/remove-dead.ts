import type { Graph, Node } from '../onnx/model.ts';
import { valuesRead } from './graph-uses.ts';

/** Without nodes, initializers and shapes that no output needs. */
export function removeDead(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const kept: Node[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    kept.push(node);
    valuesRead(node).forEach((name) => needed.add(name));
  }
  const nodes = kept.toReversed();
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  // Without its default an input would have to be given.
  graph.inputs.forEach(({ name }) => needed.add(name));
  return {
    ...graph,
    nodes,
    initializers: graph.initializers.filter(({ name }) => needed.has(name)),
    ...(graph.storedInitializers && {
      storedInitializers: graph.storedInitializers.filter(({ name }) => needed.has(name)),
    }),
    valueInfo: graph.valueInfo.filter(({ name }) => made.has(name) && !outputs.has(name)),
  };
}
