/**
 * Why a request is not answered, or a server does not start. `http/status.ts` and `grpc/status.ts` have the status of
 * each.
 */
export type ServerErrorCode =
  | 'invalid-request'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'method-not-allowed'
  | 'request-timeout'
  | 'too-large'
  | 'unrepresentable'
  | 'unsupported-media-type'
  | 'unsupported'
  | 'overloaded'
  | 'not-ready'
  | 'load-failed'
  | 'port-in-use'
  | 'cannot-listen';

/** A server that cannot start, or a request that is answered with an error; branch on `code`. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: ServerErrorCode;

  constructor(code: ServerErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** A request that breaks the protocol. */
export function badRequest(message: string): ServerError {
  return new ServerError('invalid-request', `Cannot read the request: ${message}`);
}
