import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';

/** Who made the bundle from what, and by which policy: what is known of the run, then what the caller adds. */
export function provenanceOf(
  run: Readonly<Record<string, string>>,
  { policy }: Pick<BundleManifest, 'policy'>,
  hasSmoke: boolean,
  given: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const fits = Object.entries(policy).map(([name, own]) => [`policy.${name}`, policyText(own)]);
  return {
    ...run,
    exporter: '@snapshot-ensemble/export-onnx',
    exportedAt: new Date().toISOString(),
    ...(Object.fromEntries(fits) as Record<string, string>),
    smoke: hasSmoke
      ? "the members' own answers, combined by @snapshot-ensemble/ensemble-math"
      : 'none: this bundle carries no request to check it by',
    ...given,
  };
}

/** A policy in one line. */
export function policyText(policy: EnsemblePolicy): string {
  const { kind, combine, members, weights, temperature, cascade, conformal, abstain } = policy;
  const isEqual = weights.every((weight) => weight === weights[0]);
  return [
    `${combine} of ${members.length} ${members.length === 1 ? 'member' : 'members'} (${kind})`,
    isEqual ? 'equal weights' : `weights ${weights.map(short).join(', ')}`,
    ...(temperature === 1 ? [] : [`temperature ${short(temperature)}`]),
    ...(cascade ? [`cascade at ${cascade.thresholds.map(short).join(', ')}`] : []),
    ...(conformal ? [`conformal by ${conformal.method} at alpha ${short(conformal.alpha)}`] : []),
    ...(abstain
      ? [`abstains by ${abstain.score}, on ${short(100 * abstain.share)} % of known rows`]
      : []),
  ].join('; ');
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
