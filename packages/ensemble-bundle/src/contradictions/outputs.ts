import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { BundleManifest, BundleOutput, BundleTensor, OutputRole } from '../manifest.ts';

type Shape = BundleTensor['shape'];

/** What is wrong with roles, shapes that depend on one another, labels, and outputs without a policy. */
export function outputProblems(manifest: BundleManifest): readonly string[] {
  const { outputs, labels, policy } = manifest;
  const predictions = new Map(
    outputs.filter(({ role }) => role === 'prediction').map((output) => [output.name, output]),
  );
  const problems: string[] = [];
  if (predictions.size === 0) problems.push('outputs: at least one must have role "prediction"');
  for (const output of outputs) {
    const prediction = output.role === 'prediction' ? undefined : predictions.get(output.of);
    if (output.role === 'prediction' ? output.of !== output.name : prediction === undefined)
      problems.push(
        `outputs.${output.name}: "of" is "${output.of}", which is not its prediction output`,
      );
    const about = prediction ?? output;
    const itsPolicy = Object.hasOwn(policy, about.name) ? policy[about.name] : undefined;
    if (itsPolicy !== undefined)
      problems.push(...roleProblems(output, about, itsPolicy, manifest.members.length));
  }
  for (const name of predictions.keys())
    if (!Object.hasOwn(policy, name)) problems.push(`policy: output "${name}" has none`);
  for (const name of Object.keys(policy))
    if (!predictions.has(name)) problems.push(`policy.${name}: there is no such prediction output`);
  for (const [name, classes] of Object.entries(labels))
    problems.push(...labelProblems(name, classes, predictions.get(name), policy[name]));
  return [...problems, ...missingOutputs(manifest)];
}

const isClasses = ({ kind }: EnsemblePolicy): boolean =>
  kind === 'probabilities' || kind === 'logits';

/** What each role needs of the policy; a missing line means nothing. */
const needs: Readonly<
  Partial<Record<OutputRole, readonly [(policy: EnsemblePolicy) => boolean, string]>>
> = {
  predictive_entropy: [({ kind }) => kind !== 'regression', 'a kind other than "regression"'],
  expected_entropy: [({ kind }) => kind !== 'regression', 'a kind other than "regression"'],
  mutual_information: [({ kind }) => kind !== 'regression', 'a kind other than "regression"'],
  energy: [({ kind }) => kind === 'logits', 'kind "logits"'],
  confidence: [({ cascade }) => cascade !== undefined, 'a cascade'],
  conformal_set: [
    ({ conformal }) => conformal !== undefined && conformal.method !== 'absolute',
    'a conformal method "split" or "aps"',
  ],
  interval: [
    ({ conformal }) => conformal?.method === 'absolute',
    'the conformal method "absolute"',
  ],
  abstain: [({ abstain }) => abstain !== undefined, 'an abstain rule'],
};

function shapeOf(role: OutputRole, shape: Shape, { kind }: EnsemblePolicy, members: number): Shape {
  const [batch, ...rest] = shape;
  const rows = shape.slice(0, -1);
  switch (role) {
    case 'prediction':
    case 'variance':
      return shape;
    case 'conformal_set':
      return kind === 'binary' ? [...rows, 2] : shape;
    case 'predictive_entropy':
    case 'expected_entropy':
    case 'mutual_information':
    case 'energy':
    case 'confidence':
      return [...rows, 1];
    case 'members':
      return [batch!, members, ...rest];
    case 'interval':
      return [...shape, 2];
    case 'abstain':
      return rows;
  }
}

function roleProblems(
  { name, role, dtype, shape }: BundleOutput,
  about: BundleOutput,
  policy: EnsemblePolicy,
  members: number,
): readonly string[] {
  const problems: string[] = [];
  const last = about.shape.at(-1);
  if (role === 'prediction') {
    if (shape.length < 2)
      problems.push(`outputs.${name}: rank ${shape.length}, must be at least 2`);
    if (isClasses(policy) && typeof last === 'number' && last < 2)
      problems.push(
        `outputs.${name}: kind "${policy.kind}" needs 2 classes or more, it has ${last}`,
      );
    if (policy.kind === 'binary' && last !== 1)
      problems.push(`outputs.${name}: kind "binary" needs 1 value a row, it has ${String(last)}`);
  }
  const wanted = shapeOf(role, about.shape, policy, members);
  if (wanted.length !== shape.length || wanted.some((side, index) => side !== shape[index]))
    problems.push(
      `outputs.${name}: role "${role}" of [${about.shape.join(', ')}] has shape [${wanted.join(', ')}], not [${shape.join(', ')}]`,
    );
  const isBool = role === 'conformal_set' || role === 'abstain';
  // A measured value may be of any type.
  const isAny = policy.kind === 'regression' && (role === 'prediction' || role === 'members');
  const isFloat = dtype === 'float32' || dtype === 'float16';
  if (!isAny && (isBool ? dtype !== 'bool' : !isFloat))
    problems.push(
      `outputs.${name}: role "${role}" cannot be ${dtype}, it is ${isBool ? 'bool' : 'float32 or float16'}`,
    );
  const need = needs[role];
  if (need !== undefined && !need[0](policy))
    problems.push(`outputs.${name}: role "${role}" needs ${need[1]} in policy.${about.name}`);
  return problems;
}

function labelProblems(
  name: string,
  classes: readonly string[],
  prediction: BundleOutput | undefined,
  policy: EnsemblePolicy | undefined,
): readonly string[] {
  if (prediction === undefined) return [`labels.${name}: there is no such prediction output`];
  const values = prediction.shape.at(-1);
  const wanted = policy?.kind === 'binary' ? 2 : values;
  return wanted === classes.length
    ? []
    : [`labels.${name}: ${classes.length} names for ${wanted ?? 'unknown'} classes`];
}

/** What a policy promises, some output must give. */
function missingOutputs({ outputs, policy }: BundleManifest): readonly string[] {
  const gives = (of: string, role: OutputRole): boolean =>
    outputs.some((output) => output.of === of && output.role === role);
  return Object.entries(policy).flatMap(([name, { conformal, abstain }]) => {
    const set: OutputRole = conformal?.method === 'absolute' ? 'interval' : 'conformal_set';
    return [
      ...(conformal && !gives(name, set)
        ? [`policy.${name}.conformal: no output has role "${set}"`]
        : []),
      ...(abstain && !gives(name, 'abstain')
        ? [`policy.${name}.abstain: no output has role "abstain"`]
        : []),
    ];
  });
}
