import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import * as v from 'valibot';
import { BundleError } from './errors.ts';
import { manifestSchema, type BundleManifest, type BundleTensor } from './manifest.ts';
import { isSafePath, MANIFEST_PATH } from './paths.ts';

// Weights are written as decimal doubles and summed in any order.
const WEIGHT_SUM_TOLERANCE = 1e-6;
const MAX_ISSUES_SHOWN = 20;

/**
 * The manifest in a parsed `ensemble.json`, checked: its shape, and that it does not contradict itself. Throws
 * `BundleError` (`unsupported-version`, `invalid-manifest`) with every problem found.
 */
export function parseManifest(json: unknown): BundleManifest {
  refuseOtherVersions(json);
  const result = v.safeParse(manifestSchema, json);
  const problems = result.success
    ? contradictions(result.output)
    : result.issues.map((issue) => `${v.getDotPath(issue) ?? 'manifest'}: ${issue.message}`);
  if (problems.length > 0 || !result.success) throw invalid(problems);
  return result.output;
}

function refuseOtherVersions(json: unknown): void {
  if (typeof json !== 'object' || json === null || !('schemaVersion' in json)) return;
  const version = json.schemaVersion;
  if (typeof version !== 'number' || version === 1) return;
  throw new BundleError(
    'unsupported-version',
    `${MANIFEST_PATH} has schemaVersion ${version}; this version reads schemaVersion 1. Update @snapshot-ensemble packages, or export the bundle again.`,
    { path: MANIFEST_PATH },
  );
}

function invalid(problems: readonly string[]): BundleError {
  const shown = problems.slice(0, MAX_ISSUES_SHOWN).map((problem) => `\n- ${problem}`);
  const more = problems.length - shown.length;
  return new BundleError(
    'invalid-manifest',
    `${MANIFEST_PATH} is not a valid manifest; export the bundle again or correct:${shown.join('')}${more > 0 ? `\n- and ${more} more` : ''}`,
    { path: MANIFEST_PATH },
  );
}

function contradictions(manifest: BundleManifest): readonly string[] {
  return [
    ...tensorProblems(manifest),
    ...outputProblems(manifest),
    ...memberProblems(manifest),
    ...fileProblems(manifest),
    ...Object.entries(manifest.policy).flatMap(([output, policy]) =>
      policyProblems(policy, manifest.members.length).map((text) => `policy.${output}: ${text}`),
    ),
  ];
}

function* repeated(names: readonly string[]): Generator<string> {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) yield name;
    seen.add(name);
  }
}

function tensorProblems({ inputs, outputs }: BundleManifest): readonly string[] {
  const problems: string[] = [];
  if (inputs.length === 0) problems.push('inputs: at least one is needed');
  const check = (place: string, minRank: number, tensors: readonly BundleTensor[]): void => {
    for (const name of repeated(tensors.map((tensor) => tensor.name)))
      problems.push(`${place}: the name "${name}" occurs twice`);
    for (const { name, shape } of tensors) {
      if (shape.length < minRank)
        problems.push(`${place}.${name}: rank ${shape.length}, must be at least ${minRank}`);
      if (shape[0] !== null || shape.slice(1).includes(null))
        problems.push(
          `${place}.${name}: shape [${shape.join(', ')}] must be null (the batch) first and exact after`,
        );
    }
  };
  check('inputs', 1, inputs);
  check('outputs', 2, outputs);
  return problems;
}

function outputProblems({ outputs, labels, policy }: BundleManifest): readonly string[] {
  const problems: string[] = [];
  const predictions = new Map(
    outputs.filter(({ role }) => role === 'prediction').map((output) => [output.name, output]),
  );
  if (predictions.size === 0) problems.push('outputs: at least one must have role "prediction"');
  for (const { name, role, of } of outputs) {
    if (role === 'prediction' ? of !== name : !predictions.has(of))
      problems.push(`outputs.${name}: "of" is "${of}", which is not its prediction output`);
  }
  for (const name of predictions.keys())
    if (!Object.hasOwn(policy, name)) problems.push(`policy: output "${name}" has none`);
  for (const name of Object.keys(policy))
    if (!predictions.has(name)) problems.push(`policy.${name}: there is no such prediction output`);
  for (const [name, classes] of Object.entries(labels)) {
    const size = predictions.get(name)?.shape.at(-1);
    if (size === undefined) problems.push(`labels.${name}: there is no such prediction output`);
    else if (size !== classes.length)
      problems.push(`labels.${name}: ${classes.length} names for ${size ?? 'unknown'} classes`);
  }
  return problems;
}

function memberProblems({ members }: BundleManifest): readonly string[] {
  return Array.from(
    repeated(members.map(({ id }) => id)),
    (id) => `members: the id "${id}" occurs twice`,
  );
}

function fileProblems({ graph, members, files }: BundleManifest): readonly string[] {
  const unsafe = Object.keys(files)
    .filter((path) => !isSafePath(path) || path === MANIFEST_PATH)
    .map((path) => `files: the path ${JSON.stringify(path)} is not allowed`);
  const named = [graph, ...members.flatMap(({ file }) => file ?? [])];
  const unlisted = named
    .filter((path) => !Object.hasOwn(files, path))
    .map((path) => `files: ${JSON.stringify(path)} is named but not listed`);
  return [...unsafe, ...unlisted];
}

function policyProblems(policy: EnsemblePolicy, memberCount: number): readonly string[] {
  const { kind, members, combine, weights, cascade, conformal } = policy;
  const problems: string[] = [];
  const say = (isWrong: boolean, text: string): void => {
    if (isWrong) problems.push(text);
  };
  say(
    members.some((index) => index >= memberCount) || new Set(members).size < members.length,
    `members [${members.join(', ')}] must be distinct and below ${memberCount}`,
  );
  say(weights.length !== members.length, `${weights.length} weights for ${members.length} members`);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  say(Math.abs(sum - 1) > WEIGHT_SUM_TOLERANCE, `weights sum to ${sum}, must be 1`);
  say(
    (kind === 'regression') !== (combine === 'mean' || combine === 'median'),
    `combine "${combine}" does not fit kind "${kind}"`,
  );
  if (cascade !== undefined) {
    const sorted = cascade.order.toSorted((a, b) => a - b);
    say(
      sorted.length !== members.length || sorted.some((position, index) => position !== index),
      `cascade.order must hold each of 0 … ${members.length - 1} once`,
    );
    say(
      cascade.thresholds.length !== members.length - 1 ||
        cascade.thresholds.some((threshold) => threshold <= 0 || threshold > 1),
      `cascade.thresholds must be ${members.length - 1} numbers in (0, 1]`,
    );
  }
  say(
    conformal !== undefined && !(conformal.alpha > 0 && conformal.alpha < 1),
    `conformal.alpha must be in (0, 1)`,
  );
  return problems;
}
