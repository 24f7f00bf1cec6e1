import type { Graph, Node } from '../onnx/model.ts';
import { namesDefined, subgraphs } from './graph-uses.ts';
import { renameValues } from './rename.ts';

/** Gives outputs their names at the node that makes them, instead of through an Identity. */
export function nameOutputs(graph: Graph): Graph {
  const made = new Set(
    graph.nodes.filter(({ opType }) => opType !== 'Identity').flatMap(({ outputs }) => outputs),
  );
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  // A graph inside a node that has the name for something of its own would no longer see the value.
  const inner = new Set(
    graph.nodes.flatMap(subgraphs).flatMap((subgraph) => namesDefined(subgraph, true)),
  );
  const renamed = new Map<string, string>();
  const isNamer = (node: Node): boolean => {
    const [from, to] = [node.inputs[0]!, node.outputs[0]!];
    if (node.opType !== 'Identity' || !outputs.has(to) || inner.has(to)) return false;
    // One value can carry one name only; inputs and constants keep theirs.
    if (!made.has(from) || outputs.has(from) || renamed.has(from)) return false;
    renamed.set(from, to);
    return true;
  };
  const nodes = graph.nodes.filter((node) => !isNamer(node));
  if (renamed.size === 0) return graph;
  return {
    ...graph,
    nodes: nodes.map((node) => renameValues(node, renamed)),
    valueInfo: graph.valueInfo.filter(({ name }) => !renamed.has(name)),
  };
}
