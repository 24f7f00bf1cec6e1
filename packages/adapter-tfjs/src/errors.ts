/** The codes that a caller may branch on. */
export type TfjsAdapterErrorCode =
  | 'batch-norm-data'
  | 'mixed-callbacks'
  | 'no-optimizer'
  | 'non-finite-weight'
  | 'optimizer-state'
  | 'other-tfjs'
  | 'resume'
  | 'unknown-kind'
  | 'unknown-member'
  | 'unknown-optimizer'
  | 'unknown-steps'
  | 'unsupported-weight'
  | 'weight-names'
  | 'weights-mismatch'
  | 'wrong-steps';

/** An error of this adapter; `code` says which. */
export class TfjsAdapterError extends Error {
  override readonly name = 'TfjsAdapterError';
  readonly code: TfjsAdapterErrorCode;

  constructor(code: TfjsAdapterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
