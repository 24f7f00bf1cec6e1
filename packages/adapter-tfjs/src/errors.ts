/** What a caller may branch on. */
export type TfjsAdapterErrorCode =
  | 'batch-norm-data'
  | 'callback-order'
  | 'no-optimizer'
  | 'optimizer-state'
  | 'resume'
  | 'too-many-steps'
  | 'unknown-member'
  | 'unknown-optimizer'
  | 'unknown-steps'
  | 'unsupported-weight'
  | 'weights-mismatch';

/** An error of this adapter; `code` says which. */
export class TfjsAdapterError extends Error {
  override readonly name = 'TfjsAdapterError';
  readonly code: TfjsAdapterErrorCode;

  constructor(code: TfjsAdapterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
