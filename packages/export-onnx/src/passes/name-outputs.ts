import type { Graph, Node } from '../onnx/model.ts';

/** Gives outputs their names at the node that makes them, instead of through an Identity. */
export function nameOutputs(graph: Graph): Graph {
  const made = new Set(
    graph.nodes.filter(({ opType }) => opType !== 'Identity').flatMap(({ outputs }) => outputs),
  );
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const renamed = new Map<string, string>();
  const isNamer = (node: Node): boolean => {
    const [from, to] = [node.inputs[0]!, node.outputs[0]!];
    if (node.opType !== 'Identity' || !outputs.has(to)) return false;
    // One value can carry one name only; inputs and constants keep theirs.
    if (!made.has(from) || outputs.has(from) || renamed.has(from)) return false;
    renamed.set(from, to);
    return true;
  };
  const nodes = graph.nodes.filter((node) => !isNamer(node));
  const rename = (name: string): string => renamed.get(name) ?? name;
  return {
    ...graph,
    nodes: nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
    })),
    valueInfo: graph.valueInfo.filter(({ name }) => !renamed.has(name)),
  };
}
