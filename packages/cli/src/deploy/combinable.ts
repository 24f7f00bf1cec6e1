import type { BundleManifest, OutputRole } from '@snapshot-ensemble/ensemble-bundle';
import { UsageError } from '../run-main.ts';

const rules = ['meanProbabilities', 'meanLogits', 'geometricMean', 'mean'];
const roles: readonly OutputRole[] = [
  'prediction',
  'predictive_entropy',
  'expected_entropy',
  'mutual_information',
  'variance',
  'members',
  'confidence',
];

/** What `combinePython` can do with members. Throws `UsageError`. */
export function checkCombinable(target: 'triton' | 'ray', manifest: BundleManifest): void {
  for (const [output, { combine }] of Object.entries(manifest.policy))
    if (!rules.includes(combine))
      throw new UsageError(
        `deploy ${target}: output "${output}" is combined by ${combine}, which members on their own cannot do. Allowed: ${rules.join(', ')}; or export the bundle with --form fused.`,
      );
  for (const { name, role } of manifest.outputs)
    if (!roles.includes(role))
      throw new UsageError(
        `deploy ${target}: output "${name}" is of role ${role}, which members on their own cannot give. Export the bundle with --form fused, or without it.`,
      );
}
