import type { InferenceError } from '../errors.ts';
import type { Refusals } from './refusals.ts';
import type { RequestOptions } from './request.ts';

/** The clock of a scheduler. */
export interface Clock {
  /** Milliseconds, which never go back. */
  readonly now: () => number;
  /** Calls `act` once, later; the returned function forgets it. */
  readonly later: (act: () => void, ms: number) => () => void;
}

type Limits = Pick<RequestOptions, 'signal' | 'deadline'>;

/** Why a request is given up before it is queued; undefined where it is not. */
export function givenUp(
  { signal, deadline }: Limits,
  { now }: Clock,
  refusals: Refusals,
): InferenceError | undefined {
  if (signal?.aborted === true) return refusals.aborted(signal);
  return deadline !== undefined && deadline <= now() ? refusals.late() : undefined;
}

/** Calls `giveUp` when the signal is aborted, and at the deadline; the returned function forgets both. */
export function watchLimits(
  { signal, deadline }: Limits,
  { now, later }: Clock,
  refusals: Refusals,
  giveUp: (error: InferenceError) => void,
): () => void {
  const abort = (): void => {
    giveUp(refusals.aborted(signal!));
  };
  signal?.addEventListener('abort', abort, { once: true });
  const forget =
    deadline === undefined
      ? undefined
      : later(() => {
          giveUp(refusals.late());
        }, deadline - now());
  return () => {
    signal?.removeEventListener('abort', abort);
    forget?.();
  };
}
