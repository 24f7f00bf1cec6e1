import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { BundleManifest } from '../manifest.ts';

// Weights are written as decimal doubles and summed in any order.
const WEIGHT_SUM_TOLERANCE = 1e-6;

/** What is wrong with how the outputs are made. */
export function policyProblems({ policy, members, outputs }: BundleManifest): readonly string[] {
  return Object.entries(policy).flatMap(([name, its]) => {
    const classes = outputs.find((output) => output.name === name)?.shape.at(-1);
    return [
      ...poolingProblems(its, members.length),
      ...cascadeProblems(its),
      ...conformalProblems(its, classes),
      ...abstainProblems(its),
    ].map((text) => `policy.${name}: ${text}`);
  });
}

/** The texts of what holds. */
function say(...lines: readonly (readonly [isWrong: boolean, text: string])[]): readonly string[] {
  return lines.flatMap(([isWrong, text]) => (isWrong ? [text] : []));
}

function poolingProblems(
  { kind, members, combine, weights }: EnsemblePolicy,
  memberCount: number,
): readonly string[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return say(
    [
      members.some((index) => index >= memberCount) || new Set(members).size < members.length,
      `members [${members.join(', ')}] must be distinct and below ${memberCount}`,
    ],
    [weights.length !== members.length, `${weights.length} weights for ${members.length} members`],
    [Math.abs(sum - 1) > WEIGHT_SUM_TOLERANCE, `weights sum to ${sum}, must be 1`],
    [
      (kind === 'regression') !== (combine === 'mean' || combine === 'median'),
      `combine "${combine}" does not fit kind "${kind}"`,
    ],
  );
}

function cascadeProblems({ kind, members, cascade }: EnsemblePolicy): readonly string[] {
  if (cascade === undefined) return [];
  const sorted = cascade.order.toSorted((a, b) => a - b);
  return say(
    [
      kind === 'regression' || kind === 'multi-label',
      `kind "${kind}" has no confidence, which a cascade needs`,
    ],
    [
      sorted.length !== members.length || sorted.some((position, index) => position !== index),
      `cascade.order must hold each of 0 … ${members.length - 1} once`,
    ],
    [
      cascade.thresholds.length !== members.length - 1 || cascade.thresholds.includes(0),
      `cascade.thresholds must be ${members.length - 1} numbers in (0, 1]`,
    ],
  );
}

function conformalProblems(
  { kind, conformal }: EnsemblePolicy,
  classes: number | string | null | undefined,
): readonly string[] {
  if (conformal === undefined) return [];
  const { method, alpha, classThresholds, threshold } = conformal;
  const fitting =
    kind === 'regression' ? ['absolute'] : kind === 'multi-label' ? [] : ['split', 'aps'];
  const wanted = kind === 'binary' ? 2 : classes;
  return say(
    [!fitting.includes(method), `conformal.method "${method}" does not fit kind "${kind}"`],
    [!(alpha > 0 && alpha < 1), 'conformal.alpha must be in (0, 1)'],
    [Number.isNaN(threshold), 'conformal.threshold is NaN'],
    [
      classThresholds !== undefined && kind === 'regression',
      'conformal.classThresholds are for classes, not for kind "regression"',
    ],
    [
      classThresholds !== undefined && classThresholds.length !== wanted,
      `conformal.classThresholds has ${classThresholds?.length ?? 0} entries for ${wanted ?? 'unknown'} classes`,
    ],
    [classThresholds?.some(Number.isNaN) === true, 'conformal.classThresholds holds NaN'],
  );
}

function abstainProblems({ kind, abstain }: EnsemblePolicy): readonly string[] {
  if (abstain === undefined) return [];
  const isRegression = kind === 'regression';
  const ofValues = abstain.score === 'variance';
  return say(
    [
      isRegression !== ofValues && (isRegression || kind === 'multi-label'),
      `abstain.score "${abstain.score}" does not fit kind "${kind}"`,
    ],
    [abstain.score === 'energy' && kind !== 'logits', 'abstain.score "energy" needs kind "logits"'],
    [Number.isNaN(abstain.threshold), 'abstain.threshold is NaN'],
    [abstain.share >= 1, 'abstain.share must be in [0, 1)'],
  );
}
