import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { Graph, ValueInfo } from '../onnx/model.ts';
import type { Statistic } from './policy/statistics.ts';

/** What a form makes files of. */
export interface Plan {
  /** One graph a member, of the same inputs and outputs. */
  readonly members: readonly Graph[];
  /** What is done to requests before anything else; at most one graph. */
  readonly preprocess: readonly Graph[];
  /** What all members take the outputs of; at most one graph. */
  readonly backbone: readonly Graph[];
  /** By output, in the order of the members' outputs. */
  readonly policies: ReadonlyMap<string, EnsemblePolicy>;
  readonly statistics: readonly Statistic[] | undefined;
  readonly opset: number;
  /** What is done to a graph of all members; of a graph a member it has been done. */
  readonly convert: (graph: Graph) => Graph | Promise<Graph>;
}

/** What stands before the members, in order. */
export function before({ preprocess, backbone }: Plan): readonly Graph[] {
  return [...preprocess, ...backbone];
}

/** The inputs as requests send them. */
export function requestInputs(plan: Plan): readonly ValueInfo[] {
  const graphs = [...before(plan), plan.members[0]!];
  const made = new Set(graphs.flatMap(({ outputs }) => outputs.map(({ name }) => name)));
  const inputs = graphs.flatMap((graph) => graph.inputs).filter(({ name }) => !made.has(name));
  return [...new Map(inputs.map((input) => [input.name, input])).values()];
}
