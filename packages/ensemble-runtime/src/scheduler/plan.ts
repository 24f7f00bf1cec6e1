import type { BundleManifest, BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import type { Expected } from '../check-graph.ts';
import type { BatchResult, OutputArray } from '../executor/port.ts';

/** One run that a row goes through. */
export interface Stage {
  /** Key of its graph: the path of its file. */
  readonly graph: string;
  /** Members that have run for a row after this stage. */
  readonly membersUsed: number;
  /** What its graph takes beside the bundle's inputs. */
  readonly state: readonly BundleTensor[];
}

/** Arrays by name, `dims[0]` counting the rows of a batch. */
export type Arrays = Readonly<Record<string, OutputArray>>;

/** What a stage says of the rows of a batch. */
export interface StageResult {
  /** The outputs that were wanted, as made of the members so far. */
  readonly outputs: Arrays;
  /** What the next stage needs. */
  readonly state: Arrays;
  /** By row, one array for each output that has a cascade. */
  readonly confidences: readonly ArrayLike<number>[];
}

/** How a bundle's rows are run. */
export interface Plan {
  readonly stages: readonly Stage[];
  /** Outputs that the graph of a stage must compute. */
  graphOutputs(stage: number, wanted: readonly string[]): readonly string[];
  /** `carried` is the state that the batch's rows came with. */
  read(stage: number, result: BatchResult, carried: Arrays, wanted: readonly string[]): StageResult;
  /** Confidences at which a row leaves after a stage, all of them reached; undefined where none may leave. */
  readonly thresholds: (stage: number) => readonly number[] | undefined;
  /** Inputs and outputs that the graph of a stage must have. */
  expected(stage: number): Expected;
}

/** One graph that answers everything. */
export function wholePlan({ graph, members, inputs, outputs }: BundleManifest): Plan {
  return {
    stages: [{ graph: graph!, membersUsed: members.length, state: [] }],
    graphOutputs: (_, wanted) => wanted,
    read: (_, result) => ({ outputs: result.outputs, state: {}, confidences: [] }),
    thresholds: () => undefined,
    expected: () => ({ inputs, outputs }),
  };
}

/** Thresholds of the outputs that have a cascade, after so many members; undefined where no output has one. */
export function thresholdsAfter(
  { policy }: BundleManifest,
  outputs: readonly string[],
  members: number,
): readonly number[] | undefined {
  if (outputs.length === 0) return undefined;
  return outputs.map((name) => policy[name]!.cascade!.thresholds[members - 1] ?? 0);
}
