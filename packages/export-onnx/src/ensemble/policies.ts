import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import { ExportError } from '../errors.ts';

/** One policy for all outputs, or one each by output name. */
export type Policies = EnsemblePolicy | Readonly<Record<string, EnsemblePolicy>>;

/** The policy of each output. Throws `ExportError('invalid-policy')` where one is missing or for nothing. */
export function policiesOf(
  policy: Policies,
  outputs: readonly string[],
): ReadonlyMap<string, EnsemblePolicy> {
  if (isOne(policy)) return new Map(outputs.map((name) => [name, policy]));
  const missing = outputs.filter((name) => !Object.hasOwn(policy, name));
  const unknown = Object.keys(policy).filter((name) => !outputs.includes(name));
  if (missing.length > 0 || unknown.length > 0)
    throw new ExportError(
      'invalid-policy',
      `The policies are for ${Object.keys(policy).join(', ') || 'nothing'}; the outputs are ${outputs.join(', ')}. Give one policy per output.`,
    );
  return new Map(Object.entries(policy));
}

/** The policies, whichever outputs they are for. */
export function everyPolicy(policy: Policies): readonly EnsemblePolicy[] {
  return isOne(policy) ? [policy] : Object.values(policy);
}

function isOne(policy: Policies): policy is EnsemblePolicy {
  return Array.isArray(policy.members);
}
