import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import type { Batcher } from './batcher.ts';
import { InferenceError } from './errors.ts';
import type { Lane } from './lane.ts';
import type { Run } from './messages.ts';
import type { Device } from './session.ts';
import type { EnsembleStats, Recorder } from './stats.ts';
import { allocate, type TensorData, type Tensors } from './tensor.ts';
import { validateInputs } from './validate.ts';

export interface PredictOptions {
  /** Gives up waiting; the promise is rejected with the signal's reason. A batch that runs is not interrupted. */
  readonly signal?: AbortSignal;
  /** Outputs to compute. Default all but the members' own. */
  readonly outputs?: readonly string[];
}

/** A bundle that answers. It owns threads: call `close`. */
export interface Ensemble {
  readonly manifest: BundleManifest;
  readonly device: Device;
  /**
   * The graph's outputs by name, `dims[0]` counting the rows: predictions and what the bundle says about their uncertainty. A bare array
   * stands for the only input. Throws `InferenceError`.
   */
  predict(inputs: Tensors | TensorData, options?: PredictOptions): Promise<Tensors>;
  /**
   * Each member's own prediction by the name of the prediction output, as the graph has it: rows first, then members. Throws
   * `InferenceError('no-member-outputs')` where the bundle was made without.
   */
  predictMembers(
    inputs: Tensors | TensorData,
    options?: Pick<PredictOptions, 'signal'>,
  ): Promise<Tensors>;
  /** Runs zeros through every worker, so that the first request does not pay for the first run. Rows default to one full batch. */
  warmUp(options?: { readonly rows?: number }): Promise<void>;
  stats(): EnsembleStats;
  /** Refuses new requests, answers those accepted, ends the threads. */
  close(): Promise<void>;
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
    inputs: Tensors | TensorData,
    outputs: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Tensors> => {
    try {
      checkOutputs(manifest, outputs);
      return await batcher.submit(validateInputs(manifest, inputs), outputs, signal);
    } catch (error) {
      if (error instanceof InferenceError && error.status === 400) recorder.failure('invalid');
      throw error;
    }
  };
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    await batcher.drain();
    await Promise.all(lanes.map((lane) => lane.close()));
  };
  return {
    manifest,
    device: lanes[0]!.opened.device,
    predict: (inputs, { signal, outputs } = {}) =>
      predict(inputs, outputs ?? defaultOutputs(manifest), signal),
    async predictMembers(inputs, { signal } = {}) {
      const members = memberOutputs(manifest);
      const answer = await predict(inputs, Object.values(members), signal);
      return Object.fromEntries(
        Object.entries(members).map(([of, name]) => [of, answer[name]!] as const),
      );
    },
    async warmUp({ rows = maxBatchRows } = {}) {
      await Promise.all(lanes.map((lane) => lane.run(zeros(manifest, rows))));
    },
    stats: () => recorder.read(batcher.waiting()),
    close: () => (closing ??= close()),
  };
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
