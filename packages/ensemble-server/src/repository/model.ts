import type {
  BundleManifest,
  BundleOutput,
  BundleTensor,
} from '@snapshot-ensemble/ensemble-bundle';
import type { Ensemble } from '@snapshot-ensemble/ensemble-runtime';
import type { OutputPlan } from '../service/output-plan.ts';
import { createLoad, type Load } from './load.ts';

/** Triton's words for what a version is doing. */
export type ModelState = 'LOADING' | 'READY' | 'UNLOADING' | 'UNAVAILABLE';

/** What bounds the requests to one model. */
export interface ModelLimits {
  /** Rows of one request. Default: what the request's size allows. */
  readonly maxRows?: number;
  /** Refuses requests that would wait longer, judged by the rate of the last seconds. Default 1,000. */
  readonly maxQueueMs?: number;
}

/** One version of a model that answers. */
export interface Model {
  readonly name: string;
  readonly version: string;
  readonly ensemble: Ensemble;
  readonly manifest: BundleManifest;
  readonly inputs: ReadonlyMap<string, BundleTensor>;
  readonly outputs: ReadonlyMap<string, BundleOutput>;
  /** `CARD.md`, where the bundle has one. */
  readonly card: string | undefined;
  readonly limits: ModelLimits;
  readonly load: Load;
  /** When it last answered, in milliseconds of the epoch; 0 for never. */
  lastInference: number;
  /** What requests without wishes get, as most are: made by the first. */
  usualOutputs: OutputPlan | undefined;
}

export function modelOf(
  name: string,
  version: string,
  ensemble: Ensemble,
  { card, limits }: { readonly card: string | undefined; readonly limits: ModelLimits },
): Model {
  const { manifest } = ensemble;
  return {
    name,
    version,
    ensemble,
    manifest,
    inputs: new Map(manifest.inputs.map((input) => [input.name, input])),
    outputs: new Map(manifest.outputs.map((output) => [output.name, output])),
    card,
    limits,
    load: createLoad(() => performance.now()),
    lastInference: 0,
    usualOutputs: undefined,
  };
}
