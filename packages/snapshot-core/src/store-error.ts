/** The codes that a caller may branch on. */
export type StoreErrorCode =
  | 'not-found'
  | 'exists'
  | 'conflict'
  | 'locked'
  | 'lock-lost'
  | 'not-begun'
  | 'no-manifest'
  | 'nothing-to-resume'
  | 'mismatch'
  | 'damaged'
  | 'newer-schema'
  | 'unsafe-key'
  | 'unsupported'
  | 'no-space'
  | 'io';

export interface StoreErrorOptions extends ErrorOptions {
  /** Key of the blob at fault. */
  readonly key?: string;
}

/** An error of a blob store, of the snapshot store or of a safetensors file. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  readonly key: string | undefined;

  constructor(code: StoreErrorCode, message: string, options: StoreErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.key = options.key;
  }
}
