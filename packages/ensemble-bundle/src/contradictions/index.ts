import type { BundleManifest } from '../manifest.ts';
import { fileProblems } from './files.ts';
import { outputProblems } from './outputs.ts';
import { policyProblems } from './policies.ts';
import { preprocessProblems } from './preprocess.ts';
import { tensorProblems } from './tensors.ts';

/** Everything in which a manifest of the right shape contradicts itself. */
export function contradictions(manifest: BundleManifest): readonly string[] {
  return [
    ...tensorProblems(manifest),
    ...outputProblems(manifest),
    ...fileProblems(manifest),
    ...policyProblems(manifest),
    ...preprocessProblems(manifest),
  ];
}
