import type { Model } from '../repository/model.ts';
import type { Repository } from '../repository/repository.ts';
import type { Admission } from '../service/admission.ts';
import type { ModelRecord, Recorder } from './record.ts';

export type Labels = Readonly<Record<string, string>>;
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  readonly metricName?: string;
}
/** A metric that is read when it is scraped. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  read(): readonly Sample[];
}

export interface MetricsSources {
  readonly repository: Repository;
  readonly recorder: Recorder;
  readonly admission: Admission;
}

export function labelsOf({ name, version }: Model): Labels {
  return { model: name, version };
}

/** What was counted of each model that answers. */
export function records(
  repository: Repository,
  recorder: Recorder,
): readonly { readonly model: Model; readonly record: ModelRecord | undefined }[] {
  const models = repository.models();
  recorder.keep(models);
  const known = new Map(Array.from(recorder.models(), (record) => [record.model, record]));
  return models.map((model) => ({ model, record: known.get(model) }));
}
