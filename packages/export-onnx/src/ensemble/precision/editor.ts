import type { Graph, Initializer, Node } from '../../onnx/model.ts';
import type { TensorData } from '../../onnx/tensor-data.ts';
import { namesDefined } from '../../optimize/graph-uses.ts';
import { removeDead } from '../../optimize/remove-dead.ts';
import { freeName } from './free-name.ts';

/** A graph under change: nodes go in the place of the one at hand, constants are added. */
export interface Editor {
  constant(name: string, data: TensorData): string;
  /** A node with one output, whose name is made up where it is not given; returns it. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes?: Node['attributes'],
    output?: string,
  ): string;
  /** A node with several outputs, whose names are made up. */
  nodes(opType: string, inputs: readonly string[], outputs: readonly string[]): readonly string[];
  /** A node as it is. */
  put(node: Node): void;
}

// Of small networks names are a tenth of a file in int8.
const short: Readonly<Record<string, string>> = {
  QuantizeLinear: 'q',
  DequantizeLinear: 'dq',
  MatMulInteger: 'product',
};

/** The graph with each node, after what `first` puts before all of them, replaced by what `change` puts. */
export function edited(
  graph: Graph,
  change: (node: Node, editor: Editor) => void,
  first: (editor: Editor) => void = () => undefined,
): Graph {
  const taken = new Set(namesDefined(graph, true));
  const nodes: Node[] = [];
  const added: Initializer[] = [];
  let scope = 'quantized';
  const name = (wanted: string): string => freeName(`${scope}/${wanted}`, taken);
  const editor: Editor = {
    constant(wanted, data) {
      const given = name(wanted);
      added.push({ name: given, data });
      return given;
    },
    node(opType, inputs, attributes = {}, output) {
      const own = name(short[opType] ?? opType);
      nodes.push({ name: own, opType, inputs, outputs: [output ?? own], attributes });
      return output ?? own;
    },
    nodes(opType, inputs, outputs) {
      const made = outputs.map(name);
      nodes.push({ name: made[0]!, opType, inputs, outputs: made, attributes: {} });
      return made;
    },
    put: (node) => {
      nodes.push(node);
    },
  };
  first(editor);
  for (const node of graph.nodes) {
    scope = node.name;
    change(node, editor);
  }
  return removeDead({ ...graph, nodes, initializers: [...graph.initializers, ...added] });
}
