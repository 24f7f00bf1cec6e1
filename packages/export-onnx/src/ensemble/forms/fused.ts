import type { Graph } from '../../onnx/model.ts';
import { headGraph, type HeadOutput } from '../head.ts';
import { joined, scoped } from '../join.ts';
import { before, type Plan } from '../plan.ts';

/** One graph of the ensemble, and what its outputs say. */
export interface EnsembleGraph {
  readonly graph: Graph;
  readonly outputs: readonly HeadOutput[];
}

/** All members as branches of one graph. */
export function fused(plan: Plan): EnsembleGraph {
  const { members, policies, statistics, opset } = plan;
  const branches = members.map((graph, index) => scoped(graph, `m${index}`));
  const inputs = [...policies].map(([name, policy], output) => ({
    name,
    policy,
    parts: branches.map((branch) => ({ info: branch.outputs[output]!, isStack: false })),
  }));
  const head = headGraph(inputs, statistics, opset);
  return {
    graph: joined('ensemble', [...before(plan), ...branches, head.graph], head.graph.outputs),
    outputs: head.outputs,
  };
}
