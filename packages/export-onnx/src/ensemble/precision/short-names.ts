import type { Graph } from '../../onnx/model.ts';
import { namesDefined } from '../../optimize/graph-uses.ts';
import { renamed } from '../join.ts';

// What only turns numbers into others needs no name.
const nameless: ReadonlySet<string> = new Set(['QuantizeLinear', 'DequantizeLinear', 'Cast']);

/**
 * The graph with short names for values inside it and without their shapes, which runtimes infer: of a small network at reduced precision
 * they are a fifth of the file. Operators keep their names, and so do inputs, outputs and what the ensemble adds.
 */
export function withShortNames(graph: Graph): Graph {
  const fixed = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name));
  const taken = new Set(namesDefined(graph, true));
  const names = new Map<string, string>();
  let count = 0;
  for (const name of namesDefined(graph)) {
    if (fixed.has(name) || /^(?:ensemble|preprocess)\//.test(name)) continue;
    let free: string;
    do free = (count++).toString(36);
    while (taken.has(free));
    names.set(name, free);
  }
  const short = renamed(graph, names);
  return {
    ...short,
    valueInfo: [],
    nodes: short.nodes.map((node) => (nameless.has(node.opType) ? { ...node, name: '' } : node)),
  };
}
