/** HTTP status that each code stands for, so that a server need not know the codes. */
const statuses = {
  'invalid-input': 400,
  'unknown-output': 400,
  'no-member-outputs': 400,
  'queue-full': 503,
  closed: 503,
  'worker-crashed': 503,
  'run-failed': 500,
  'wrong-graph': 500,
  'runtime-missing': 500,
  'runtime-unsupported': 500,
  'device-unavailable': 500,
} as const;

/**
 * What went wrong: `invalid-input`, `unknown-output` and `no-member-outputs` are the request's fault; `queue-full`,
 * `closed` and `worker-crashed` may be tried again, here or elsewhere; `run-failed` is onnxruntime's own refusal;
 * `wrong-graph` a graph that is not what its manifest says; `runtime-missing`, `runtime-unsupported` and
 * `device-unavailable` concern this machine.
 */
export type InferenceErrorCode = keyof typeof statuses;

/** An ensemble that cannot be loaded or did not answer; branch on `code`. */
export class InferenceError extends Error {
  override readonly name = 'InferenceError';
  readonly code: InferenceErrorCode;
  /** The HTTP status that fits, e.g. 400 or 503. */
  readonly status: number;

  constructor(code: InferenceErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.status = statuses[code];
  }
}
