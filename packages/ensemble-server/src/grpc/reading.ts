import type { ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { isTooSlow, tooLarge, tooSlow, type BodyLimits } from '../http/body.ts';
import type { Admission } from '../service/admission.ts';

/** A call whose message comes in, and the memory that this takes. */
export interface Reading {
  readonly isOver: boolean;
  /** A message is whole: whoever reads it reserves its memory again. */
  messageCame(): void;
  end(): void;
}

interface ReadingOptions {
  /** Undefined for calls that are answered even while the server is full; their messages are small. */
  readonly admission: Admission | undefined;
  readonly limits: BodyLimits;
  /** Whether several messages come, at times that the client chooses. */
  readonly isStream: boolean;
  readonly refuse: (failure: unknown) => void;
}

// What comes before a message: whether it is compressed, and its length.
const PREFIX_BYTES = 5;

/** Of grpc-js, which has no public way to see a message before it is whole; a test notices if these are called otherwise. */
interface Internals {
  readonly stream: ServerHttp2Stream;
  readonly incomingEncoding: string;
}

const internals = (call: ServerInterceptingCallInterface): Internals =>
  call as unknown as Internals;

export function isCompressed(call: ServerInterceptingCallInterface): boolean {
  return internals(call).incomingEncoding !== 'identity';
}

// A reset that comes with the status makes clients on Node 22 lose it.
const HANG_UP_MS = 500;

/** Ends a call that has its status, if its client goes on sending. */
export function hangUp(call: ServerInterceptingCallInterface): void {
  const { stream } = internals(call);
  const close = (): void => {
    if (!stream.readableEnded && !stream.destroyed) stream.close();
  };
  setTimeout(close, HANG_UP_MS).unref();
}

/**
 * Reserves memory for the bytes of a message as they come, and refuses one that does not fit or comes too slowly. Throws
 * `ServerError('overloaded')` where there is no room for a call at all.
 */
export function startReading(
  call: ServerInterceptingCallInterface,
  { admission, limits, isStream, refuse }: ReadingOptions,
): Reading {
  const { stream } = internals(call);
  const started = performance.now();
  // The least that a message takes.
  let reservation = isStream ? undefined : admission?.enter(1);
  let size = 0;
  let lastChunk = started;
  let isOver = false;
  const end = (): void => {
    isOver = true;
    clearInterval(watch);
    stream.off('data', onData);
    reservation?.release();
  };
  const fail = (failure: unknown): void => {
    if (isOver) return;
    end();
    refuse(failure);
  };
  const onData = (chunk: Uint8Array): void => {
    size += chunk.length;
    lastChunk = performance.now();
    try {
      reservation ??= admission?.enter(1);
      reservation?.grow(chunk.length);
      if (size > limits.maxBytes + PREFIX_BYTES) throw tooLarge(limits.maxBytes);
    } catch (failure) {
      fail(failure);
    }
  };
  const watch = isStream
    ? undefined
    : setInterval(
        () => {
          if (isTooSlow({ started, lastChunk, size }, limits)) fail(tooSlow(size));
        },
        Math.min(1000, limits.stallMs),
      ).unref();
  stream.on('data', onData);
  return {
    get isOver() {
      return isOver;
    },
    messageCame() {
      if (!isStream) end();
      reservation?.release();
      reservation = undefined;
      size = 0;
    },
    end,
  };
}
