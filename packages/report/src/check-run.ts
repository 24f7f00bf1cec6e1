import type { Evidence } from './evidence.ts';
import type { Results, RunReport } from './run.ts';

/** Throws RangeError, naming the field, where a picture would be wrong or empty without a word. */
export function checkRun({
  plan,
  schedule,
  snapshots,
  stepsPerEpoch,
  results,
  evidence,
}: RunReport): void {
  if (plan.cycles.length === 0)
    throw new RangeError('runReport: plan.cycles is empty; a plan has at least one cycle.');
  if (typeof schedule !== 'function' && schedule.length !== plan.cycles.length)
    throw new RangeError(
      `runReport: schedule records ${schedule.length} cycles, plan has ${plan.cycles.length}; they must be of the same run.`,
    );
  for (const step of snapshots)
    if (!Number.isInteger(step) || step < 1 || step > plan.totalSteps)
      throw new RangeError(
        `runReport: snapshots holds ${step}; a snapshot is named by the steps made, an integer in [1, ${plan.totalSteps}].`,
      );
  if (stepsPerEpoch !== undefined && !(stepsPerEpoch > 0))
    throw new RangeError(`runReport: stepsPerEpoch is ${stepsPerEpoch}; it must be positive.`);
  if (results !== undefined) checkResults(results);
  if (evidence !== undefined) checkEvidence(evidence);
}

function checkResults({ rows, headline = 'error' }: Results): void {
  for (const { kind, name, size, scores } of rows) {
    if (kind !== 'ensemble') continue;
    if (!(size !== undefined && size >= 1))
      throw new RangeError(
        `runReport: results row "${name}" is an ensemble without a size; give how many of the last members it holds.`,
      );
    if (scores[headline] === undefined)
      throw new RangeError(
        `runReport: results row "${name}" has no score "${headline}" to draw against the size; it has ${Object.keys(scores).join(', ') || 'none'}. Name one of them as results.headline.`,
      );
  }
}

function checkEvidence({ unknownInputs = [], agreement, disputed }: Evidence): void {
  for (const { name, known, unknown } of unknownInputs)
    for (const [what, values] of Object.entries({ known, unknown }))
      if (values.length === 0 || !Array.from(values).every(Number.isFinite))
        throw new RangeError(
          `runReport: evidence.unknownInputs of "${name}" needs one finite number or more as ${what}; it has ${values.length} values.`,
        );
  const size = agreement?.members.length;
  const rows = agreement?.disagreement ?? [];
  if (size !== undefined && (rows.length !== size || rows.some((row) => row.length !== size)))
    throw new RangeError(
      `runReport: evidence.agreement has ${size} members, so disagreement must be ${size} × ${size}.`,
    );
  for (const { label, pixels } of disputed?.images ?? [])
    if (pixels.length !== disputed!.width * disputed!.height)
      throw new RangeError(
        `runReport: evidence.disputed image "${label}" has ${pixels.length} pixels; ${disputed!.width} × ${disputed!.height} needs ${disputed!.width * disputed!.height}.`,
      );
}
