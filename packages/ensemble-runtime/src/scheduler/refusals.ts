import { InferenceError } from '../errors.ts';

/** What the scheduler of one ensemble says where it gives no answer. */
export interface Refusals {
  readonly closed: () => InferenceError;
  readonly overloaded: (bytes: number, held: number, limit: number) => InferenceError;
  /** `cause` is why the last start of a worker failed. */
  readonly unavailable: (cause: unknown) => InferenceError;
  readonly aborted: (signal: AbortSignal) => InferenceError;
  readonly late: () => InferenceError;
  readonly nonFiniteInput: () => InferenceError;
  readonly nonFiniteOutput: (output: string) => InferenceError;
}

export function refusalsOf(name: string): Refusals {
  return {
    closed: () => new InferenceError('closed', `Ensemble "${name}" is closed; load it again.`),
    overloaded: (bytes, held, limit) =>
      new InferenceError(
        'overloaded',
        `Ensemble "${name}" is busy: its requests hold ${held} bytes, this one needs ${bytes}, and maxHeldBytes is ${limit}. Try again later.`,
      ),
    unavailable(cause) {
      const reason = cause instanceof Error ? cause.message : 'they end as soon as they start';
      return new InferenceError(
        'unavailable',
        `Ensemble "${name}" has no worker: ${reason} They are started again.`,
        { cause },
      );
    },
    aborted: (signal) =>
      new InferenceError(
        'aborted',
        `A request to ensemble "${name}" was aborted by its signal before it was answered.`,
        { cause: signal.reason },
      ),
    late: () =>
      new InferenceError(
        'deadline-exceeded',
        `A request to ensemble "${name}" was not answered before its deadline.`,
      ),
    nonFiniteInput: () =>
      new InferenceError(
        'non-finite-input',
        `Cannot run ensemble "${name}": an input holds a NaN or an infinity. Send finite values, or set allowNonFinite.`,
      ),
    nonFiniteOutput: (output) =>
      new InferenceError(
        'non-finite-output',
        `Output "${output}" of ensemble "${name}" holds a NaN or an infinity for finite inputs: they lie outside the range that the model was made for. Check their scale, or set allowNonFinite.`,
      ),
  };
}
