import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { BundleManifest, BundleMember } from './manifest.ts';
import { fromJsonNumber, toJsonNumber, type JsonNumber } from './numbers.ts';

/** The manifest as `JSON.stringify` takes it: see `BundleMember.metrics` for NaN and infinities. */
export function toManifestJson(manifest: BundleManifest): ManifestJson {
  return mapNumbers(manifest, toJsonNumber) as ManifestJson;
}

/** A manifest as JSON has it. */
export type ManifestJson = Omit<BundleManifest, 'policy' | 'members'> & Numbered<JsonNumber>;

/** The manifest that a checked `ensemble.json` holds. */
export function fromManifestJson(json: ManifestJson): BundleManifest {
  return mapNumbers(json, fromJsonNumber) as BundleManifest;
}

/** The policy that a checked file holds. */
export function fromPolicyJson(json: PolicyWith<JsonNumber>): EnsemblePolicy {
  return mapThresholds(json, fromJsonNumber) as EnsemblePolicy;
}

type PolicyWith<T> = Omit<EnsemblePolicy, 'conformal' | 'abstain'> & Thresholds<T>;

interface Numbered<T> {
  readonly policy: Readonly<Record<string, PolicyWith<T>>>;
  readonly members: readonly (Omit<BundleMember, 'metrics'> & {
    readonly metrics: Readonly<Record<string, T>>;
  })[];
}

interface Thresholds<T> {
  readonly conformal?: { readonly threshold: T; readonly classThresholds?: readonly T[] };
  readonly abstain?: { readonly threshold: T };
}

/** With every number that may be infinite or NaN put through `map`. */
function mapNumbers<A extends JsonNumber, B extends JsonNumber>(
  value: Numbered<A>,
  map: (value: A) => B,
): Numbered<B> {
  const values = (record: Readonly<Record<string, A>>): Record<string, B> =>
    Object.fromEntries(Object.entries(record).map(([key, item]) => [key, map(item)]));
  return {
    ...value,
    policy: Object.fromEntries(
      Object.entries(value.policy).map(([name, policy]) => [name, mapThresholds(policy, map)]),
    ),
    members: value.members.map((member) => ({ ...member, metrics: values(member.metrics) })),
  };
}

function mapThresholds<A extends JsonNumber, B extends JsonNumber>(
  { conformal, abstain, ...policy }: PolicyWith<A>,
  map: (value: A) => B,
): PolicyWith<B> {
  return {
    ...policy,
    ...(conformal && {
      conformal: {
        ...conformal,
        threshold: map(conformal.threshold),
        ...(conformal.classThresholds && {
          classThresholds: conformal.classThresholds.map(map),
        }),
      },
    }),
    ...(abstain && { abstain: { ...abstain, threshold: map(abstain.threshold) } }),
  } as PolicyWith<B>;
}
