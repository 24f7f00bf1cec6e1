import type { Graph, ValueInfo } from '../onnx/model.ts';
import { namesDefined } from '../optimize/graph-uses.ts';
import { mergeEqual } from '../optimize/merge-equal.ts';
import { nameOutputs } from '../optimize/name-outputs.ts';
import { shapeRules } from '../optimize/merge-shapes.ts';
import { removeDead } from '../optimize/remove-dead.ts';
import { renameValues } from '../optimize/rename.ts';
import { rewrite } from '../optimize/rewrite.ts';

/** The graph with everything but its inputs below a scope: `m0/dense/kernel`. */
export function scoped(graph: Graph, scope: string): Graph {
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  return renamed(
    graph,
    new Map(
      namesDefined(graph)
        .filter((name) => !inputs.has(name))
        .map((name) => [name, `${scope}/${name}`]),
    ),
    (name) => `${scope}/${name}`,
  );
}

/** The graph with inputs under other names. */
export function withInputs(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  return names.size === 0 ? graph : renamed(graph, names);
}

/** The graph with other names for values, and for nodes what `nodeName` makes of theirs. */
export function renamed(
  graph: Graph,
  names: ReadonlyMap<string, string>,
  nodeName: (name: string) => string = (name) => name,
): Graph {
  const rename = <T extends { readonly name: string }>(item: T): T => ({
    ...item,
    name: names.get(item.name) ?? item.name,
  });
  return {
    ...graph,
    inputs: graph.inputs.map(rename),
    outputs: graph.outputs.map(rename),
    initializers: graph.initializers.map(rename),
    valueInfo: graph.valueInfo.map(rename),
    nodes: graph.nodes.map((node) => ({ ...renameValues(node, names), name: nodeName(node.name) })),
  };
}

/**
 * Graphs as one, in which a graph's inputs are the outputs of the same name of those before it; what none of them gives is an input of
 * the whole. `outputs` names what the whole gives.
 */
export function joined(
  name: string,
  graphs: readonly Graph[],
  outputs: readonly ValueInfo[],
): Graph {
  const inputs = new Map<string, ValueInfo>();
  const given = new Map<string, ValueInfo>();
  for (const graph of graphs) {
    for (const input of graph.inputs) if (!given.has(input.name)) inputs.set(input.name, input);
    for (const output of graph.outputs) given.set(output.name, output);
  }
  const isOutput = new Set(outputs.map((output) => output.name));
  const between = [...given.values()].filter((value) => !isOutput.has(value.name));
  const whole: Graph = {
    name,
    inputs: [...inputs.values()],
    outputs,
    nodes: graphs.flatMap(({ nodes }) => nodes),
    initializers: graphs.flatMap(({ initializers }) => initializers),
    valueInfo: [...graphs.flatMap(({ valueInfo }) => valueInfo), ...between],
  };
  return tidy(whole);
}

/** Equal weights and computations made one, what moves no element or moves it twice removed; unlike `optimize` it looks at no weights' values. */
function tidy(graph: Graph): Graph {
  let current = removeDead(nameOutputs(graph));
  for (;;) {
    const next = mergeEqual(rewrite(current, shapeRules));
    if (next === current) return removeDead(nameOutputs(current));
    current = removeDead(next);
  }
}
