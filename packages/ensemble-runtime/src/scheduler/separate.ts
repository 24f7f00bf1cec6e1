import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { OutputArray } from '../executor/port.ts';
import { combineOutput, type MemberArray } from './combine-members.ts';
import { leastByRow } from './confidence.ts';
import { thresholdsAfter, type Arrays, type Plan } from './plan.ts';

/**
 * One graph a member: their predictions are combined here, by ensemble-math. Members run in the order of the cascade, or as the policy names
 * them.
 */
export function separatePlan(manifest: BundleManifest): Plan {
  const { inputs, outputs, policy, members } = manifest;
  const predictions = outputs.filter(({ role }) => role === 'prediction');
  const names = predictions.map(({ name }) => name);
  const cascaded = names.filter((name) => policy[name]!.cascade !== undefined);
  const order = memberOrder(Object.values(policy));
  const key = (member: number, prediction: string): string => `${member}/${prediction}`;
  const isLast = (stage: number): boolean => stage === order.length - 1;

  return {
    stages: order.map((member, stage) => ({
      graph: members[member]!.file!,
      membersUsed: stage + 1,
      state: [],
    })),
    // What a later stage carries must not depend on who was in a batch of this one.
    graphOutputs: () => names,
    read(stage, result, carried, wanted) {
      const own = names.map((name) => [key(order[stage]!, name), result.outputs[name]!] as const);
      const state: Arrays = { ...carried, ...Object.fromEntries(own) };
      const ran = order.slice(0, stage + 1);
      const membersOf = (name: string): readonly MemberArray[] =>
        ran.map((member) => ({ member, array: state[key(member, name)]! }));
      const answers: Record<string, OutputArray> = {};
      for (const name of names) {
        const about = outputs.filter(
          (output) => output.of === name && wanted.includes(output.name),
        );
        const made = combineOutput(policy[name]!, membersOf(name), members.length, about);
        for (const [output, array] of Object.entries(made)) answers[output] = array;
      }
      const confidence = (name: string): Float64Array =>
        leastByRow(
          combineOutput(policy[name]!, membersOf(name), members.length, [
            { name, role: 'confidence' },
          ])[name]!,
        );
      return {
        outputs: answers,
        state,
        confidences: isLast(stage) ? [] : cascaded.map(confidence),
      };
    },
    thresholds: (stage) => thresholdsAfter(manifest, cascaded, stage + 1),
    expected: () => ({ inputs, outputs: predictions }),
  };
}

/** Members in the order in which they run: that of the first cascade, then what other outputs need. */
function memberOrder(policies: readonly EnsemblePolicy[]): readonly number[] {
  const sorted = policies.toSorted(
    (a, b) => Number(b.cascade !== undefined) - Number(a.cascade !== undefined),
  );
  return [
    ...new Set(
      sorted.flatMap(({ members, cascade }) =>
        cascade === undefined ? members : cascade.order.map((position) => members[position]!),
      ),
    ),
  ];
}
