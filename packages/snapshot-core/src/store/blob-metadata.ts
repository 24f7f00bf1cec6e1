import type { Manifest, MemberRecord } from '../snapshot-store.ts';
import type { Metadata } from '../safetensors/header.ts';

/** What every blob of a run says about the run beside its own tensors, so that `repair` can rebuild the manifest. */
export function runMetadata({
  run,
  overwrote,
  createdAt,
  versions,
  model,
  topology,
  plan,
  schedule,
}: Manifest): Metadata {
  const description = {
    overwrote,
    createdAt,
    versions,
    format: model.format,
    topology,
    plan,
    schedule,
  };
  return { run, savedAt: new Date().toISOString(), description: jsonOf(description) };
}

export function memberMetadata(
  manifest: Manifest,
  {
    cycle,
    step,
    learningRate,
    metrics,
  }: Pick<MemberRecord, 'cycle' | 'step' | 'learningRate' | 'metrics'>,
): Metadata {
  return {
    ...runMetadata(manifest),
    step: String(step),
    cycle: String(cycle),
    learningRate: String(learningRate),
    metrics: jsonOf(metrics),
  };
}

/** JSON in which the numbers that JSON lacks are texts, as in the manifest. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'number' && !Number.isFinite(part) ? String(part) : part,
  );
}
