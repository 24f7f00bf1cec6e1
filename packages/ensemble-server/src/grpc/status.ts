import { status } from '@grpc/grpc-js';
import { refusalOf, type ErrorCode } from '../http/status.ts';

/** The gRPC status of every code, ours and the runtime's. */
const statuses: Readonly<Record<ErrorCode, status>> = {
  'invalid-request': status.INVALID_ARGUMENT,
  'invalid-input': status.INVALID_ARGUMENT,
  'unknown-output': status.INVALID_ARGUMENT,
  'no-member-outputs': status.INVALID_ARGUMENT,
  'non-finite-input': status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  'not-found': status.NOT_FOUND,
  'method-not-allowed': status.UNIMPLEMENTED,
  'request-timeout': status.CANCELLED,
  'too-large': status.INVALID_ARGUMENT,
  'unsupported-media-type': status.INVALID_ARGUMENT,
  'non-finite-output': status.OUT_OF_RANGE,
  unrepresentable: status.OUT_OF_RANGE,
  aborted: status.CANCELLED,
  failed: status.INTERNAL,
  'load-failed': status.INTERNAL,
  'wrong-graph': status.INTERNAL,
  'runtime-missing': status.INTERNAL,
  'runtime-unsupported': status.INTERNAL,
  'device-unavailable': status.INTERNAL,
  'port-in-use': status.INTERNAL,
  'cannot-listen': status.INTERNAL,
  unsupported: status.UNIMPLEMENTED,
  overloaded: status.UNAVAILABLE,
  unavailable: status.UNAVAILABLE,
  'worker-crashed': status.UNAVAILABLE,
  closed: status.UNAVAILABLE,
  'not-ready': status.UNAVAILABLE,
  'deadline-exceeded': status.DEADLINE_EXCEEDED,
};

export interface GrpcRefusal {
  readonly code: ErrorCode;
  readonly status: status;
  readonly message: string;
}

/** The status and the text for an error; the text is what HTTP says too. */
export function grpcRefusalOf(error: unknown): GrpcRefusal {
  const { code, message } = refusalOf(error);
  return { code, status: statuses[code], message };
}
