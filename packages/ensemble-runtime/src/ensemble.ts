import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import type { Batcher } from './batcher.ts';
import { InferenceError } from './errors.ts';
import type { Lane } from './lane.ts';
import type { Run } from './messages.ts';
import type { Device } from './session.ts';
import type { EnsembleStats, Recorder } from './stats.ts';
import { allocate, type Inputs, type Tensors } from './tensor.ts';
import { validateInputs } from './validate.ts';

export interface PredictOptions {
  /** Gives up waiting: `InferenceError('aborted')` with the signal's reason as its cause. A batch that runs is not interrupted. */
  readonly signal?: AbortSignal;
  /**
   * When the answer is of no use any more, in milliseconds of `performance.now()`: from then on the request is refused with
   * `InferenceError('deadline-exceeded')`.
   */
  readonly deadline?: number;
  /** Outputs to compute. Default all but the members' own. */
  readonly outputs?: readonly string[];
}

/** What an ensemble answers to the rows of one request. */
export interface Prediction {
  /** The outputs asked for by name, `dims[0]` counting the rows. */
  readonly outputs: Tensors;
  /** How many members each row's answer is made of: `[rows]`. */
  readonly membersUsed: Uint32Array;
}

/** A bundle that answers. It owns processes or threads: call `close`, or declare it with `await using`. */
export interface Ensemble {
  readonly manifest: BundleManifest;
  /** What the bundle was when it was loaded; workers that start again read the same. */
  readonly revision: string;
  readonly device: Device;
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
    options?: Pick<PredictOptions, 'signal' | 'deadline'>,
  ): Promise<Tensors>;
  /** Runs zeros through every worker, so that the first request does not pay for the first run. Rows default to one full batch. */
  warmUp(options?: { readonly rows?: number }): Promise<void>;
  stats(): EnsembleStats;
  /** Refuses new requests, answers those accepted, ends what was started. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The ensemble on lanes that are open. */
export function ensembleOf(
  manifest: BundleManifest,
  lanes: readonly Lane[],
  batcher: Batcher,
  recorder: Recorder,
  maxBatchRows: number,
): Ensemble {
  const predict = async (
    inputs: Inputs,
    outputs: readonly string[],
    { signal, deadline }: PredictOptions,
  ): Promise<Prediction> => {
    try {
      checkOutputs(manifest, outputs);
      const valid = validateInputs(manifest, inputs);
      return {
        outputs: await batcher.submit(valid, outputs, withDeadline(signal, deadline)),
        membersUsed: new Uint32Array(valid.rows).fill(manifest.members.length),
      };
    } catch (error) {
      if (error instanceof InferenceError && requestFaults.includes(error.code))
        recorder.failure('invalid');
      throw late(error, manifest.name);
    }
  };
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    await batcher.drain();
    await Promise.all(lanes.map((lane) => lane.close()));
  };
  const close = (): Promise<void> => (closing ??= closeAll());
  return {
    manifest,
    revision: '',
    device: lanes[0]!.opened.device,
    predict: (inputs, options = {}) =>
      predict(inputs, options.outputs ?? defaultOutputs(manifest), options),
    async predictMembers(inputs, options = {}) {
      const members = memberOutputs(manifest);
      const { outputs } = await predict(inputs, Object.values(members), options);
      return Object.fromEntries(
        Object.entries(members).map(([of, name]) => [of, outputs[name]!] as const),
      );
    },
    async warmUp({ rows = maxBatchRows } = {}) {
      await Promise.all(lanes.map((lane) => lane.run(zeros(manifest, rows))));
    },
    stats: () => recorder.read(batcher.waiting()),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const requestFaults: readonly string[] = ['invalid-input', 'unknown-output', 'no-member-outputs'];

function withDeadline(
  signal: AbortSignal | undefined,
  deadline: number | undefined,
): AbortSignal | undefined {
  if (deadline === undefined) return signal;
  const whole = Math.min(Math.max(0, Math.ceil(deadline - performance.now())), 2 ** 31 - 1);
  const timeout = AbortSignal.timeout(whole);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

function late(error: unknown, name: string): unknown {
  if (!(error instanceof InferenceError) || error.code !== 'aborted') return error;
  const { cause } = error;
  if (!(cause instanceof Error) || cause.name !== 'TimeoutError') return error;
  return new InferenceError(
    'deadline-exceeded',
    `A request to ensemble "${name}" was not answered by its deadline.`,
    { cause },
  );
}

function defaultOutputs({ outputs }: BundleManifest): readonly string[] {
  return outputs.filter(({ role }) => role !== 'members').map(({ name }) => name);
}

/** Name of the members' output by prediction. */
function memberOutputs({ name, outputs }: BundleManifest): Readonly<Record<string, string>> {
  const members = outputs.filter(({ role }) => role === 'members');
  if (members.length === 0)
    throw new InferenceError(
      'no-member-outputs',
      `The graph of ensemble "${name}" does not give its members' predictions. Export the bundle with them.`,
    );
  return Object.fromEntries(members.map((output) => [output.of, output.name]));
}

function checkOutputs({ name, outputs }: BundleManifest, wanted: readonly string[]): void {
  const known = outputs.map((output) => output.name);
  const isFine = wanted.length > 0 && wanted.every((output) => known.includes(output));
  if (isFine && new Set(wanted).size === wanted.length) return;
  throw new InferenceError(
    'unknown-output',
    `Cannot run ensemble "${name}": outputs [${wanted.join(', ')}] were asked for. Ask for some of ${known.join(', ')}, each once.`,
  );
}

function zeros({ inputs, outputs }: BundleManifest, rows: number): Run {
  const feeds = inputs.map((input) => ({
    name: input.name,
    dtype: input.dtype,
    data: allocate(input, rows),
    dims: [rows, ...(input.shape.slice(1) as number[])],
  }));
  return { feeds, outputs: outputs.map(({ name }) => name) };
}
