import type { BundleForm, BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import { wholePlan, type Plan } from './plan.ts';
import { separatePlan } from './separate.ts';
import { stagedPlan } from './staged.ts';

const plans: Readonly<Record<BundleForm, (manifest: BundleManifest) => Plan>> = {
  fused: wholePlan,
  stacked: wholePlan,
  staged: stagedPlan,
  separate: separatePlan,
};

/** How the rows of a bundle are run. `cascade: 'off'` lets none leave before the last stage. */
export function planOf(manifest: BundleManifest, cascade: 'policy' | 'off'): Plan {
  const plan = plans[manifest.form](manifest);
  return cascade === 'off' ? { ...plan, thresholds: () => undefined } : plan;
}
