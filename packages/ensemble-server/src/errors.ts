/** HTTP status of each code; `port-in-use` and `cannot-listen` come before there is anything to answer. */
const statuses = {
  'invalid-request': 400,
  'not-found': 404,
  'method-not-allowed': 405,
  'too-large': 413,
  'unsupported-encoding': 501,
  'non-finite-output': 500,
  'port-in-use': 500,
  'cannot-listen': 500,
} as const;

export type ServerErrorCode = keyof typeof statuses;

/** A server that cannot start, or a request that is answered with an error; branch on `code`. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: ServerErrorCode;
  readonly status: number;

  constructor(code: ServerErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.status = statuses[code];
  }
}

/** A request that breaks the protocol. */
export function badRequest(message: string): ServerError {
  return new ServerError('invalid-request', message);
}
