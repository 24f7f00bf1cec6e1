import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { Graph, Node, ValueInfo } from '../../onnx/model.ts';
import { headGraph, type HeadOutput } from '../head.ts';
import { joined, scoped, withInputs } from '../join.ts';
import { before, requestInputs, type Plan } from '../plan.ts';
import { everyStatistic } from '../policy/statistics.ts';

export interface Stage {
  readonly graph: Graph;
  readonly outputs: readonly HeadOutput[];
  /** Positions of the members that run in this stage. */
  readonly members: readonly number[];
  /** What the graph takes from the stage before. */
  readonly state: readonly ValueInfo[];
}

/**
 * One graph for each stage of the cascade: the next member runs, and all outputs are of the members so far. The state is these members'
 * raw outputs, stacked, from which every rule and every statistic follows exactly, and what the backbone gave, which only the first stage
 * computes. Without a cascade the stages are the members, one by one.
 */
export function staged(plan: Plan): readonly Stage[] {
  const { members, preprocess, backbone, policies, statistics, opset } = plan;
  const requests = requestInputs(plan);
  const order = memberOrder(policies);
  // The members' own outputs are the state; as an output they would have another shape at each stage.
  const wanted = (statistics ?? everyStatistic).filter((role) => role !== 'members');
  const stages: Stage[] = [];
  let state: readonly ValueInfo[] = [];
  let features: readonly ValueInfo[] = backbone.flatMap(({ outputs }) => outputs);
  for (const [index, member] of order.entries()) {
    const isLast = index === order.length - 1;
    const alone = scoped(members[member]!, `m${member}`);
    const branch = index === 0 ? alone : withInputs(alone, renamedTo(features, backbone));
    const passed = passing(isLast ? [] : features, index + 1);
    const inputs = [...policies].map(([name, policy], output) => ({
      name,
      policy: soFar(policy, order, index),
      parts: [
        ...state.slice(output, output + 1).map((info) => ({ info, isStack: true })),
        { info: branch.outputs[output]!, isStack: false },
      ],
      ...(isLast ? {} : { stateName: `${name}.after_${index + 1}` }),
    }));
    const head = headGraph(inputs, wanted, opset);
    const parts = [
      ...(index === 0 ? before(plan) : preprocess),
      branch,
      head.graph,
      ...passed.graphs,
    ];
    const outputs = [...head.graph.outputs, ...passed.outputs];
    const graph = joined(`stage-${index}`, parts, outputs);
    stages.push({
      // Every stage takes the request, even where the backbone has seen all of it.
      graph: { ...graph, inputs: withOthers(requests, graph.inputs) },
      outputs: head.outputs,
      members: [member],
      state,
    });
    state = [
      ...inputs.flatMap(({ stateName }) =>
        head.graph.outputs.filter((output) => output.name === stateName),
      ),
      ...passed.outputs,
    ];
    features = passed.outputs;
  }
  return stages;
}

/** Members in the order in which they run; all policies agree on it. */
export function memberOrder(policies: ReadonlyMap<string, EnsemblePolicy>): readonly number[] {
  const [policy] = policies.values();
  const { members, cascade } = policy!;
  return cascade?.order.map((position) => members[position]!) ?? members;
}

/** The policy of the members of stages `[0, stage]`, which share their weights out anew; their values lie in the order in which they ran. */
function soFar(policy: EnsemblePolicy, order: readonly number[], stage: number): EnsemblePolicy {
  const weights = order
    .slice(0, stage + 1)
    .map((member) => policy.weights[policy.members.indexOf(member)]!);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return {
    ...policy,
    members: weights.map((_, position) => position),
    weights: weights.map((weight) => (sum === 0 ? 1 / weights.length : weight / sum)),
  };
}

/** What the backbone gave, under the names that the next stage takes it by. */
function passing(
  features: readonly ValueInfo[],
  stage: number,
): { readonly graphs: readonly Graph[]; readonly outputs: readonly ValueInfo[] } {
  if (features.length === 0) return { graphs: [], outputs: [] };
  const outputs = features.map((info) => ({
    ...info,
    name: `${info.name.replace(/\.after_\d+$/, '')}.after_${stage}`,
  }));
  const nodes = features.map(({ name }, index): Node => {
    const output = outputs[index]!.name;
    return { name: output, opType: 'Identity', inputs: [name], outputs: [output], attributes: {} };
  });
  const graph = { name: 'pass', inputs: features, outputs, nodes, initializers: [], valueInfo: [] };
  return { graphs: [graph], outputs };
}

function renamedTo(
  features: readonly ValueInfo[],
  [backbone]: readonly Graph[],
): ReadonlyMap<string, string> {
  return new Map(features.map(({ name }, at) => [backbone!.outputs[at]!.name, name] as const));
}

function withOthers(
  first: readonly ValueInfo[],
  others: readonly ValueInfo[],
): readonly ValueInfo[] {
  const names = new Set(first.map(({ name }) => name));
  return [...first, ...others.filter(({ name }) => !names.has(name))];
}
