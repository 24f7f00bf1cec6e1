import { ServerError } from '../errors.ts';

/** Bounds on what is held for requests that are under way. */
export interface AdmissionLimits {
  readonly maxBytesInFlight: number;
  readonly maxRequestsInFlight: number;
}

/** Memory that one request may take; it is given back by `release`, once. */
export interface Reservation {
  /** Takes more. Throws `ServerError('overloaded')`. */
  grow(bytes: number): void;
  release(): void;
}

/** The server's memory for requests. */
export interface Admission {
  readonly bytes: number;
  readonly requests: number;
  /** Refuses what does not fit, before any of it is read. Throws `ServerError('overloaded')`. */
  enter(bytes: number): Reservation;
}

export function createAdmission({
  maxBytesInFlight,
  maxRequestsInFlight,
}: AdmissionLimits): Admission {
  let bytes = 0;
  let requests = 0;
  const take = (more: number): void => {
    if (bytes + more > maxBytesInFlight)
      throw new ServerError(
        'overloaded',
        `The server is full: requests hold ${bytes} of ${maxBytesInFlight} bytes. Try again later.`,
      );
    bytes += more;
  };
  return {
    get bytes() {
      return bytes;
    },
    get requests() {
      return requests;
    },
    enter(size) {
      if (requests >= maxRequestsInFlight)
        throw new ServerError(
          'overloaded',
          `The server is full: ${requests} requests are in progress. Try again later.`,
        );
      take(size);
      requests++;
      let held = size;
      let isHeld = true;
      return {
        grow(more) {
          take(more);
          held += more;
        },
        release() {
          if (!isHeld) return;
          isHeld = false;
          bytes -= held;
          requests--;
        },
      };
    },
  };
}

/** Refuses a request that would wait longer than its model allows. Throws `ServerError('overloaded')`. */
export function assertShortQueue(expectedMs: number, maxQueueMs: number, model: string): void {
  if (expectedMs <= maxQueueMs) return;
  throw new ServerError('overloaded', fullText(expectedMs, maxQueueMs, model));
}

/** What the client of a full model is told. */
export function fullText(expectedMs: number, maxQueueMs: number, model: string): string {
  return `Model "${model}" is full: a request would wait about ${Math.round(expectedMs)} ms, more than the ${maxQueueMs} allowed. Try again later.`;
}
