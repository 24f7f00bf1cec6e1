import type { Manifest, RunDescription } from '../snapshot-store.ts';
import { StoreError } from '../store-error.ts';
import type { TensorSpec } from '../tensor.ts';
import { manifestKey } from './damaged-manifest.ts';

/** The manifest of a run that continues. Throws `StoreError('mismatch')` if it is another model's or plan's. */
export function resumedManifest(found: Manifest, run: RunDescription): Manifest {
  if (found.model.format !== run.model.format) {
    throw mismatch(`its model is a ${found.model.format}, this run's a ${run.model.format}`);
  }
  const fault = differentWeight(found.model.weights, run.model.weights);
  if (fault !== undefined) throw mismatch(fault);
  if (found.plan.totalSteps !== run.plan.totalSteps) {
    throw mismatch(`it has ${found.plan.totalSteps} steps, this run ${run.plan.totalSteps}`);
  }
  if (run.isPlanProvisional === true) return found;
  const { plan, schedule } = run;
  if (found.schedule.length === 0 && found.members.length === 0)
    return { ...found, plan, schedule };
  const ends = (of: Manifest['plan']): string => of.cycles.map(({ end }) => end).join(', ');
  if (ends(found.plan) !== ends(plan)) {
    throw mismatch(`its cycles end at ${ends(found.plan)}, those of this run at ${ends(plan)}`);
  }
  return found;
}

function differentWeight(
  found: readonly TensorSpec[],
  given: readonly TensorSpec[],
): string | undefined {
  if (found.length !== given.length) {
    return `its model has ${found.length} weights, that of this run ${given.length}`;
  }
  const text = (spec: TensorSpec): string => `${spec.dtype} [${spec.shape.join(', ')}]`;
  for (const [index, spec] of found.entries()) {
    const other = given[index]!;
    if (text(spec) !== text(other)) {
      return `weight ${index} is ${spec.name}, ${text(spec)}, in the store, and ${other.name}, ${text(other)}, in this run`;
    }
  }
  return undefined;
}

function mismatch(fault: string): StoreError {
  return new StoreError(
    'mismatch',
    `Cannot resume the run in the store: ${fault}. Build the same model and plan, ` +
      "or pass existing: 'overwrite' to remove that run.",
    { key: manifestKey },
  );
}
