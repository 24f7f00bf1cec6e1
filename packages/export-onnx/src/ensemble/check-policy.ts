import type { BundleForm } from '@snapshot-ensemble/ensemble-bundle';
import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import { ExportError } from '../errors.ts';
import type { Graph, Shape } from '../onnx/model.ts';
import { producers } from '../optimize/graph-uses.ts';
import { hasRule } from './policy/combine.ts';

// Comparisons of each class with each other one; beyond this the set costs more than the members.
const MOST_CLASSES_OF_APS = 4096;

/**
 * Refuses a policy that the outputs of the members contradict, or that this form of bundle cannot honour, so that nothing is written
 * and then ignored. Throws `ExportError('invalid-policy')`.
 */
export function checkPolicies(
  policies: ReadonlyMap<string, EnsemblePolicy>,
  members: readonly Graph[],
  form: BundleForm,
): void {
  for (const [index, [name, policy]] of [...policies].entries()) {
    const { shape } = members[0]!.outputs[index]!;
    const problem =
      poolingProblem(policy, members.length) ??
      shapeProblem(policy, shape!) ??
      kindProblem(policy, members[0]!, index) ??
      cascadeProblem(policy, form, [...policies.values()]) ??
      conformalProblem(policy, shape!) ??
      abstainProblem(policy);
    if (problem !== undefined)
      throw new ExportError('invalid-policy', `The policy of output "${name}" ${problem}.`);
  }
}

function poolingProblem(
  { kind, combine, members, weights, temperature }: EnsemblePolicy,
  count: number,
): string | undefined {
  const unknown = members.find((index) => !Number.isInteger(index) || index < 0 || index >= count);
  if (unknown !== undefined)
    return `names member ${unknown}; there are ${count}: use 0 … ${count - 1}`;
  if (members.length === 0 || new Set(members).size < members.length)
    return `has members [${members.join(', ')}]; name at least one, and each once`;
  if (weights.length !== members.length)
    return `has ${weights.length} weights for ${members.length} members; give one each`;
  if (weights.some((weight) => !(weight >= 0)))
    return `has weights [${weights.join(', ')}], which must not be negative`;
  if (!hasRule(kind, combine))
    return `combines outputs of kind "${kind}" by "${combine}", a rule for other kinds`;
  return temperature > 0 && Number.isFinite(temperature)
    ? undefined
    : `has temperature ${temperature}; it must be finite and above 0`;
}

function shapeProblem({ kind }: EnsemblePolicy, shape: Shape): string | undefined {
  const last = shape.at(-1);
  if (shape.length < 2)
    return 'is for an output without an axis after the batch; reshape it to [batch, 1]';
  if (typeof last !== 'number')
    return `is for an output of ${String(last)} values per row; their number must be known`;
  if ((kind === 'probabilities' || kind === 'logits') && last < 2)
    return `is of kind "${kind}", but there is one value per row; use kind "binary", "regression", or two classes`;
  return kind === 'binary' && last !== 1
    ? `is of kind "binary", but there are ${last} values per row; use "probabilities", or "multi-label" for independent ones`
    : undefined;
}

/** What the last operator of a member tells about its values. */
const saidBy: Readonly<Record<string, string>> = {
  Softmax: 'probabilities',
  LogSoftmax: 'log-probabilities',
  Sigmoid: 'independent probabilities',
  Gemm: 'unbounded values',
  MatMul: 'unbounded values',
  Conv: 'unbounded values',
};

/** Members whose last operator cannot give what the kind says. */
function kindProblem({ kind }: EnsemblePolicy, member: Graph, index: number): string | undefined {
  const { opType } = producers(member).get(member.outputs[index]!.name) ?? { opType: '' };
  const said = saidBy[opType];
  const instead = (advice: string): string =>
    `is of kind "${kind}", but the members end in ${opType}, which gives ${said!}: ${advice}`;
  switch (kind) {
    case 'logits':
      if (opType === 'Softmax') return instead('use kind "probabilities"');
      if (opType === 'Sigmoid') return instead('use kind "binary" or "multi-label"');
      return undefined;
    case 'probabilities':
      if (opType === 'Sigmoid') return instead('use kind "binary" or "multi-label"');
      if (opType === 'LogSoftmax') return instead('use kind "logits"');
      return said === 'unbounded values' ? instead('use kind "logits"') : undefined;
    case 'binary':
    case 'multi-label':
      if (opType === 'Softmax') return instead('use kind "probabilities"');
      return said === 'unbounded values'
        ? instead('name the output in sigmoidOutputs, and the graph adds the sigmoid')
        : undefined;
    case 'regression':
      return undefined;
  }
}

function cascadeProblem(
  { kind, cascade, members }: EnsemblePolicy,
  form: BundleForm,
  all: readonly EnsemblePolicy[],
): string | undefined {
  if (cascade === undefined) {
    const isMixed = form === 'staged' && all.some((policy) => policy.cascade !== undefined);
    return isMixed ? 'has no cascade, but another output has; give all outputs one' : undefined;
  }
  if (kind === 'regression' || kind === 'multi-label')
    return `has a cascade, which kind "${kind}" cannot have: its rows have no single confidence`;
  if (form === 'fused' || form === 'stacked')
    return `has a cascade, but a ${form} graph runs all members; export with form "staged" (or "separate"), or leave the cascade out`;
  const sorted = cascade.order.toSorted((a, b) => a - b);
  if (sorted.length !== members.length || sorted.some((position, at) => position !== at))
    return `has cascade.order [${cascade.order.join(', ')}], which must hold each of 0 … ${members.length - 1} once`;
  if (cascade.thresholds.length !== members.length - 1)
    return `has ${cascade.thresholds.length} cascade thresholds for ${members.length} members; give one per stage but the last`;
  const orders = new Set(
    all.map((policy) => policy.cascade?.order.map((at) => policy.members[at]).join()),
  );
  return orders.size > 1
    ? 'has a cascade whose order differs from that of another output'
    : undefined;
}

function conformalProblem({ kind, conformal }: EnsemblePolicy, shape: Shape): string | undefined {
  if (conformal === undefined) return undefined;
  const { method, classThresholds } = conformal;
  const classes = kind === 'binary' ? 2 : (shape.at(-1) as number);
  if (kind === 'multi-label') return 'is conformal, which kind "multi-label" cannot be';
  if ((method === 'absolute') !== (kind === 'regression'))
    return `is conformal by "${method}", which does not fit kind "${kind}"`;
  if (
    classThresholds !== undefined &&
    (kind === 'regression' || classThresholds.length !== classes)
  )
    return `has ${classThresholds.length} conformal thresholds for ${classes} classes`;
  return method === 'aps' && classes > MOST_CLASSES_OF_APS
    ? `is conformal by "aps" over ${classes} classes; a graph compares at most ${MOST_CLASSES_OF_APS}: use "split"`
    : undefined;
}

const scores: Readonly<Record<EnsemblePolicy['kind'], readonly string[]>> = {
  probabilities: ['largestProbability', 'entropy', 'mutualInformation'],
  logits: ['largestProbability', 'entropy', 'mutualInformation', 'energy'],
  binary: ['largestProbability', 'entropy', 'mutualInformation'],
  'multi-label': ['largestProbability', 'entropy', 'mutualInformation'],
  regression: ['variance'],
};

function abstainProblem({ kind, abstain }: EnsemblePolicy): string | undefined {
  if (abstain === undefined || scores[kind].includes(abstain.score)) return undefined;
  return `abstains by "${abstain.score}", which kind "${kind}" does not have; allowed: ${scores[kind].join(', ')}`;
}
