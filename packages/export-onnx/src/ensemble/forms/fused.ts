import type { Graph, ValueInfo } from '../../onnx/model.ts';
import { countUses, producers } from '../../optimize/graph-uses.ts';
import { hasOnly, intOf } from '../../optimize/rewrite.ts';
import { headGraph, type HeadOutput } from '../head.ts';
import { joined, scoped } from '../join.ts';
import { before, type Plan } from '../plan.ts';

/** One graph of the ensemble, and what its outputs say. */
export interface EnsembleGraph {
  readonly graph: Graph;
  readonly outputs: readonly HeadOutput[];
}

/** All members as branches of one graph; a softmax that ends all of them is taken once. */
export function fused(plan: Plan): EnsembleGraph {
  const { members, policies, statistics, opset } = plan;
  const names = members[0]!.outputs.map(({ name }) => name);
  const isOpen = names.map((_, output) => members.every((graph) => endsInSoftmax(graph, output)));
  const branches = members.map((graph, index) =>
    scoped(
      isOpen.reduce((open, is, output) => (is ? withoutSoftmax(open, output) : open), graph),
      `m${index}`,
    ),
  );
  const inputs = [...policies].map(([name, policy], output) => ({
    name,
    policy,
    parts: branches.map((branch) => ({ info: branch.outputs[output]!, isStack: false })),
    isBeforeSoftmax: isOpen[output]!,
  }));
  const head = headGraph(inputs, statistics, opset);
  return {
    graph: joined('ensemble', [...before(plan), ...branches, head.graph], head.graph.outputs),
    outputs: head.outputs,
  };
}

/** Whether an output is a softmax over its last axis of a value that nobody else reads. */
function endsInSoftmax(graph: Graph, output: number): boolean {
  const { name, shape } = graph.outputs[output]!;
  const made = producers(graph);
  const node = made.get(name);
  const from = node?.inputs[0] ?? '';
  const uses = countUses(graph);
  return (
    node?.opType === 'Softmax' &&
    (node.domain ?? '') === '' &&
    hasOnly(node, 'axis') &&
    [-1, shape!.length - 1].includes(intOf(node, 'axis', -1)!) &&
    uses.get(name) === 1 &&
    uses.get(from) === 1 &&
    made.has(from)
  );
}

function withoutSoftmax(graph: Graph, output: number): Graph {
  const { name } = graph.outputs[output]!;
  const node = producers(graph).get(name)!;
  const from = node.inputs[0]!;
  const renamed = (info: ValueInfo): ValueInfo =>
    info.name === name ? { ...info, name: from } : info;
  return {
    ...graph,
    nodes: graph.nodes.filter((other) => other !== node),
    outputs: graph.outputs.map(renamed),
    valueInfo: graph.valueInfo.filter((info) => info.name !== from),
  };
}
