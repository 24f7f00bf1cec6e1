import type { Bundle, BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import { checkOptions, type KnownOptions } from '@snapshot-ensemble/options';
import { checkLimits, checkOutputs, defaultOutputs, memberOutputs } from './check-request.ts';
import { InferenceError } from './errors.ts';
import type { Device } from './executor/port.ts';
import type { Lane } from './executor/supervisor.ts';
import type { Settings } from './options.ts';
import type { Plan } from './scheduler/plan.ts';
import type { RequestOptions } from './scheduler/request.ts';
import type { Scheduler } from './scheduler/scheduler.ts';
import type { EnsembleStats, Recorder } from './stats.ts';
import type { Inputs, Tensors } from './tensor.ts';
import { validateInputs } from './validate.ts';
import { warmUp } from './warm-up.ts';

export interface PredictOptions {
  /** Gives up waiting: `InferenceError('aborted')` with the signal's reason as its cause. A batch that runs is not interrupted. */
  readonly signal?: AbortSignal;
  /**
   * When the answer is no longer useful, in milliseconds of `performance.now()`: from then on the request is refused with
   * `InferenceError('deadline-exceeded')`.
   */
  readonly deadline?: number;
  /** Outputs to compute. Default all but the members' own. */
  readonly outputs?: readonly string[];
  /** Maximum number of members that run for a row, those of the first stages first. Default all, or as many as the cascade needs. */
  readonly maxMembers?: number;
  /** Confidence at which a row stops asking further members, instead of the policy's thresholds. Needs a bundle in stages or separate members. */
  readonly confidence?: number;
  /** Accepts inputs and returns outputs with NaN and infinities, which are otherwise refused. Default false. */
  readonly allowNonFinite?: boolean;
}

/** The answer of an ensemble to the rows of one request. */
export interface Prediction {
  /** The outputs asked for by name, `dims[0]` counting the rows. */
  readonly outputs: Tensors;
  /** How many members ran for each row: `[rows]`. */
  readonly membersUsed: Uint32Array;
}

/** A bundle that answers. It owns processes or threads: call `close`, or declare it with `await using`. */
export interface Ensemble {
  readonly manifest: BundleManifest;
  /**
   * The bundle's revision when it was loaded, which workers that start again read too; empty where the bundle is flat.
   */
  readonly revision: string;
  readonly device: Device;
  /** The settings it runs with, defaults filled in. */
  readonly settings: Settings;
  /**
   * Predictions and what the bundle says about their uncertainty. A bare array stands for the only input. Throws `InferenceError`.
   */
  predict(inputs: Inputs, options?: PredictOptions): Promise<Prediction>;
  /**
   * Each member's own prediction by the name of the prediction output, as the graph has it: rows first, then members. Throws
   * `InferenceError('no-member-outputs')` where the bundle was made without.
   */
  predictMembers(
    inputs: Inputs,
    options?: Pick<PredictOptions, 'signal' | 'deadline' | 'allowNonFinite'>,
  ): Promise<Tensors>;
  /** Runs zeros through every worker, so that the first request does not pay for the first run. Rows default to one full batch. */
  warmUp(options?: { readonly rows?: number }): Promise<void>;
  stats(): EnsembleStats;
  /** Refuses new requests, answers those accepted, ends what was started. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What an ensemble is made of. */
export interface Parts {
  readonly bundle: Bundle;
  readonly plan: Plan;
  readonly lanes: readonly Lane[];
  readonly scheduler: Scheduler;
  readonly recorder: Recorder;
  readonly settings: Settings;
}

/** The ensemble on lanes that are open. */
export function ensembleOf({
  bundle,
  plan,
  lanes,
  scheduler,
  recorder,
  settings,
}: Parts): Ensemble {
  const { manifest } = bundle;
  const predict = async (inputs: Inputs, options: RequestOptions): Promise<Prediction> => {
    checkOptions('predict', options, knownOptions);
    try {
      checkOutputs(manifest, options.outputs);
      checkLimits(manifest, plan, options);
      return await scheduler.submit(validateInputs(manifest, inputs), options);
    } catch (error) {
      if (error instanceof InferenceError && requestFaults.includes(error.code))
        recorder.failure('invalid');
      throw error;
    }
  };
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    await scheduler.drain();
    await Promise.all(lanes.map((lane) => lane.close()));
    await bundle.close();
  };
  const close = (): Promise<void> => (closing ??= closeAll());
  return {
    manifest,
    revision: bundle.revision ?? '',
    device: Object.values(lanes[0]!.graphs)[0]!.device,
    settings,
    predict: (inputs, options = {}) =>
      predict(inputs, { ...options, outputs: options.outputs ?? defaultOutputs(manifest) }),
    async predictMembers(inputs, options = {}) {
      checkOptions('predictMembers', options, {
        signal: true,
        deadline: true,
        allowNonFinite: true,
      });
      const members = memberOutputs(manifest);
      const { outputs } = await predict(inputs, {
        ...options,
        outputs: Object.values(members),
        // Every member is asked, so no row leaves early.
        confidence: Infinity,
      });
      return Object.fromEntries(
        Object.entries(members).map(([of, name]) => [of, outputs[name]!] as const),
      );
    },
    async warmUp(options = {}) {
      checkOptions('warmUp', options, { rows: true });
      await warmUp(manifest, plan, lanes, options.rows ?? settings.maxBatchRows);
    },
    stats: () =>
      recorder.read({ ...scheduler.waiting(), workers: lanes.map((lane) => lane.stats()) }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const knownOptions: KnownOptions<RequestOptions> = {
  signal: true,
  deadline: true,
  outputs: true,
  maxMembers: true,
  confidence: true,
  allowNonFinite: true,
};

const requestFaults: readonly string[] = ['invalid-input', 'unknown-output', 'no-member-outputs'];
