import { InferenceError, type InferenceErrorCode } from '../errors.ts';

/** An `InferenceError` as it crosses to another thread or process. */
export interface Refusal {
  readonly code: InferenceErrorCode;
  readonly message: string;
}

export function toRefusal(error: unknown): Refusal {
  const code = error instanceof InferenceError ? error.code : 'failed';
  return { code, message: error instanceof Error ? error.message : String(error) };
}

export function toError({ code, message }: Refusal): InferenceError {
  return new InferenceError(code, message);
}

/** The error of a run whose thread or process ended. */
export function crashed(name: string, reason: string): InferenceError {
  return new InferenceError(
    'worker-crashed',
    `The worker of ensemble "${name}" ended before it answered: ${reason}. It is started again; send the request again.`,
  );
}
