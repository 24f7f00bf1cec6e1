import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import { InferenceError } from './errors.ts';
import type { Plan } from './scheduler/plan.ts';
import type { RequestOptions } from './scheduler/request.ts';

/** All but the members' own. */
export function defaultOutputs({ outputs }: BundleManifest): readonly string[] {
  return outputs.filter(({ role }) => role !== 'members').map(({ name }) => name);
}

/** Name of the members' output by prediction. Throws `InferenceError('no-member-outputs')`. */
export function memberOutputs({ name, outputs }: BundleManifest): Readonly<Record<string, string>> {
  const members = outputs.filter(({ role }) => role === 'members');
  if (members.length === 0)
    throw new InferenceError(
      'no-member-outputs',
      `The graph of ensemble "${name}" does not give its members' predictions. Export the bundle with them.`,
    );
  return Object.fromEntries(members.map((output) => [output.of, output.name]));
}

/** Throws `InferenceError('unknown-output')`. */
export function checkOutputs({ name, outputs }: BundleManifest, wanted: readonly string[]): void {
  const known = outputs.map((output) => output.name);
  const isFine = wanted.length > 0 && wanted.every((output) => known.includes(output));
  if (isFine && new Set(wanted).size === wanted.length) return;
  throw new InferenceError(
    'unknown-output',
    `Cannot run ensemble "${name}": outputs [${wanted.join(', ')}] were asked for. Ask for some of ${known.join(', ')}, each once.`,
  );
}

/** Throws `InferenceError('invalid-input')` where fewer members are asked for than the bundle can stop at. */
export function checkLimits(
  { name }: BundleManifest,
  { stages, thresholds }: Plan,
  { maxMembers, confidence }: RequestOptions,
): void {
  const invalid = (text: string): InferenceError =>
    new InferenceError('invalid-input', `Cannot run ensemble "${name}": ${text}`);
  if (confidence !== undefined && Number.isNaN(confidence))
    throw invalid('confidence is NaN. Pass a number from 0 to 1.');
  const canStop =
    confidence === undefined || confidence === Infinity || thresholds(0) !== undefined;
  if (!canStop)
    throw invalid(
      `confidence is ${confidence}, but no row can stop early. Export the bundle with a cascade, in stages or as separate members, and load it without cascade: 'off'.`,
    );
  if (maxMembers === undefined) return;
  if (!Number.isSafeInteger(maxMembers) || maxMembers < 1)
    throw invalid(`maxMembers is ${maxMembers}. Pass a whole number from 1.`);
  const least = stages[0]!.membersUsed;
  if (maxMembers < least)
    throw invalid(
      `maxMembers is ${maxMembers}, but its first graph runs ${least} members at once. Export the bundle in stages, or as separate members.`,
    );
}
