import type { BundleManifest, BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import { InferenceError } from '../errors.ts';
import type { Expected } from '../check-graph.ts';
import type { BatchResult, OutputArray } from '../executor/port.ts';

/** One run that a row goes through. */
export interface Stage {
  /** Key of its graph. */
  readonly graph: string;
  /** Members that have run for a row after this stage. */
  readonly membersUsed: number;
  /** What its graph takes beside the bundle's inputs. */
  readonly state: readonly BundleTensor[];
}

/** What a stage says of the rows of a batch. */
export interface StageResult {
  /** The outputs that were wanted, as made of the members so far. */
  readonly outputs: Readonly<Record<string, OutputArray>>;
  /** What the next stage needs, `dims[0]` counting the rows. */
  readonly state: Readonly<Record<string, OutputArray>>;
  /** By row; the least over the outputs that have a cascade. Undefined where no row may leave early. */
  readonly confidence: Float64Array | undefined;
}

/** How a bundle's rows are run. */
export interface Plan {
  readonly stages: readonly Stage[];
  /** Outputs that the graph of a stage must compute. */
  graphOutputs(stage: number, wanted: readonly string[]): readonly string[];
  /** `carried` is the state that the batch's rows came with. */
  read(
    stage: number,
    result: BatchResult,
    carried: Readonly<Record<string, OutputArray>>,
    wanted: readonly string[],
  ): StageResult;
  /** Confidence at which a row leaves after a stage; undefined where none may. */
  threshold(stage: number): number | undefined;
  /** Inputs and outputs that the graph of a stage must have. */
  expected(stage: Stage): Expected;
}

/** How the rows of a bundle are run. */
export function planOf(manifest: BundleManifest): Plan {
  return wholePlan(manifest);
}

/** One graph that answers everything. */
function wholePlan({ name, form, graph, members, inputs, outputs }: BundleManifest): Plan {
  if (graph === undefined)
    throw new InferenceError(
      'wrong-graph',
      `Cannot load ensemble "${name}": its form is "${form}", and this version runs bundles with one graph. Export it with form "fused".`,
    );
  return {
    stages: [{ graph, membersUsed: members.length, state: [] }],
    graphOutputs: (_, wanted) => wanted,
    read: (_, { outputs }) => ({ outputs, state: {}, confidence: undefined }),
    threshold: () => undefined,
    expected: () => ({ inputs, outputs }),
  };
}
