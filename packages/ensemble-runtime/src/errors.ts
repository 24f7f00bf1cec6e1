/**
 * What went wrong. The request's fault: `invalid-input`, `unknown-output`, `no-member-outputs`, `non-finite-input` (a
 * NaN or an infinity among its inputs). Its own limits: `aborted`, `deadline-exceeded`. Worth retrying, here or
 * elsewhere: `overloaded` (the byte budget is full), `worker-crashed` (twice), `unavailable` (no worker starts at
 * present), `closed`. The graph's fault: `non-finite-output`, `failed` (onnxruntime refused), `wrong-graph` (not what
 * the manifest says). The machine's fault: `runtime-missing`, `runtime-unsupported`, `device-unavailable`.
 */
export type InferenceErrorCode =
  | 'invalid-input'
  | 'unknown-output'
  | 'no-member-outputs'
  | 'non-finite-input'
  | 'aborted'
  | 'deadline-exceeded'
  | 'overloaded'
  | 'worker-crashed'
  | 'unavailable'
  | 'closed'
  | 'non-finite-output'
  | 'failed'
  | 'wrong-graph'
  | 'runtime-missing'
  | 'runtime-unsupported'
  | 'device-unavailable';

/** An ensemble that cannot be loaded or did not answer; branch on `code`. */
export class InferenceError extends Error {
  override readonly name = 'InferenceError';
  readonly code: InferenceErrorCode;

  constructor(code: InferenceErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
