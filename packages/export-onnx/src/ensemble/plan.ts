import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { Graph } from '../onnx/model.ts';
import type { Statistic } from './policy/statistics.ts';

/** What a form makes files of. */
export interface Plan {
  /** One graph a member, of the same inputs and outputs. */
  readonly members: readonly Graph[];
  /** What stands before the members; at most one graph. */
  readonly preprocess: readonly Graph[];
  /** By output, in the order of the members' outputs. */
  readonly policies: ReadonlyMap<string, EnsemblePolicy>;
  readonly statistics: readonly Statistic[] | undefined;
  readonly opset: number;
  /** What is done to a graph of all members; of a graph a member it has been done. */
  readonly convert: (graph: Graph) => Graph | Promise<Graph>;
}
