import * as v from 'valibot';
import { contradictions } from './contradictions/index.ts';
import { BundleError } from './errors.ts';
import { fromManifestJson } from './manifest-json.ts';
import type { BundleManifest } from './manifest.ts';
import { MANIFEST_PATH } from './paths.ts';
import { laterManifestSchema, manifestSchema, SCHEMA_VERSION } from './schema.ts';

const MAX_ISSUES_SHOWN = 20;

/**
 * The manifest in a parsed `ensemble.json`, checked: its shape, and that it does not contradict itself. Unknown keys are refused, but
 * for those in `extensions`, and for a later minor version, whose additions are dropped. Throws `BundleError` (`unsupported-version`,
 * `invalid-manifest`) with every problem found.
 */
export function parseManifest(json: unknown): BundleManifest {
  const schema = isLaterMinor(json) ? laterManifestSchema : manifestSchema;
  const result = v.safeParse(schema, json);
  if (!result.success)
    throw invalidManifest(
      result.issues.map((issue) => `${v.getDotPath(issue) ?? 'manifest'}: ${issue.message}`),
    );
  const manifest = fromManifestJson(result.output);
  const problems = contradictions(manifest);
  if (problems.length > 0) throw invalidManifest(problems);
  return manifest;
}

const ours = numbersOf(SCHEMA_VERSION)!;

/** Whether a later minor version of our major one wrote it. Throws for a later major one. */
function isLaterMinor(json: unknown): boolean {
  if (typeof json !== 'object' || json === null || !('schemaVersion' in json)) return false;
  const { schemaVersion } = json;
  const version = typeof schemaVersion === 'string' ? numbersOf(schemaVersion) : undefined;
  if (version === undefined) return false;
  const [major, minor] = version;
  if (major === ours[0]) return minor > ours[1];
  throw new BundleError(
    'unsupported-version',
    `${MANIFEST_PATH} has schemaVersion ${String(schemaVersion)}; this version of @snapshot-ensemble/ensemble-bundle reads ${ours[0]}.x. ` +
      (major > ours[0]
        ? 'Install a newer one: npm install @snapshot-ensemble/ensemble-bundle@latest (and the other @snapshot-ensemble packages with it).'
        : 'Export the bundle again.'),
    { path: MANIFEST_PATH },
  );
}

function numbersOf(version: string): readonly [major: number, minor: number] | undefined {
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})$/.exec(version) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor)];
}

/** The error that lists what is wrong with a manifest. */
export function invalidManifest(problems: readonly string[]): BundleError {
  const shown = problems.slice(0, MAX_ISSUES_SHOWN).map((problem) => `\n- ${problem}`);
  const more = problems.length - shown.length;
  return new BundleError(
    'invalid-manifest',
    `${MANIFEST_PATH} is not a valid manifest; export the bundle again or correct:${shown.join('')}${more > 0 ? `\n- and ${more} more` : ''}`,
    { path: MANIFEST_PATH },
  );
}
