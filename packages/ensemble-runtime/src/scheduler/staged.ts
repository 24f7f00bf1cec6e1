import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import { leastByRow } from './confidence.ts';
import { thresholdsAfter, type Arrays, type Plan, type Stage } from './plan.ts';

/** One graph for each stage of a cascade: each takes the running state of the one before and answers for all members so far. */
export function stagedPlan(manifest: BundleManifest): Plan {
  const { inputs, outputs } = manifest;
  const stages = manifest.stages!;
  const confidences = outputs.filter(({ role }) => role === 'confidence');
  const used = stages.map((_, stage) =>
    stages.slice(0, stage + 1).reduce((sum, { members }) => sum + members.length, 0),
  );
  const stateAfter = (stage: number): Stage['state'] => stages[stage + 1]?.state ?? [];
  const isLast = (stage: number): boolean => stage === stages.length - 1;
  return {
    stages: stages.map(({ file, state }, stage) => ({
      graph: file,
      membersUsed: used[stage]!,
      state,
    })),
    graphOutputs(stage, wanted) {
      const deciding = isLast(stage) ? [] : confidences.map(({ name }) => name);
      return [...new Set([...wanted, ...deciding, ...stateAfter(stage).map(({ name }) => name)])];
    },
    read(stage, result) {
      const state = stateAfter(stage).map(({ name }) => [name, result.outputs[name]!] as const);
      return {
        outputs: result.outputs,
        state: Object.fromEntries(state) satisfies Arrays,
        confidences: isLast(stage)
          ? []
          : confidences.map(({ name }) => leastByRow(result.outputs[name]!)),
      };
    },
    thresholds: (stage) =>
      thresholdsAfter(
        manifest,
        confidences.map(({ of }) => of),
        used[stage]!,
      ),
    expected: (stage) => ({
      inputs: [...inputs, ...stages[stage]!.state],
      outputs: [...outputs, ...stateAfter(stage)],
    }),
  };
}
