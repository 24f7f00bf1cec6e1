import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { ServerError } from '../errors.ts';
import type { ServerContext } from '../http/context.ts';
import { MAX_SMALL_BYTES, type BodyLimits } from '../http/body.ts';
import { finish } from './call.ts';
import { createPermits } from './permits.ts';
import { hangUp, isCompressed, startReading, type Reading } from './reading.ts';
import { grpcRefusalOf } from './status.ts';

export interface ReadingLimits {
  readonly body: BodyLimits;
  /** Memory for all requests under way. */
  readonly bytesInFlight: number;
}

const infers = ['/ModelInfer', '/ModelStreamInfer'];

/**
 * Refuses infer calls while there is no room for another, before their message is read, and while it comes: what the client sends
 * meanwhile is held back by the flow control of HTTP/2. Other calls are always answered, and their messages have to be small.
 */
export function refuseUnread(
  context: ServerContext,
  { body, bytesInFlight }: ReadingLimits,
): ServerInterceptor {
  // grpc-js unpacks a message by itself, up to the largest that is allowed: so many at a time are within the memory for requests.
  const most = Math.floor(bytesInFlight / body.maxBytes);
  const [calls, streams] = [createPermits(most), createPermits(most)];
  return ({ path, requestStream: isStream }, call) => {
    const isInfer = infers.some((name) => path.endsWith(name));
    const limits = isInfer ? body : { ...body, maxBytes: MAX_SMALL_BYTES };
    let reading: Reading | undefined;
    let release: (() => void) | undefined;
    const end = (): void => {
      reading?.end();
      release?.();
    };
    return new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, take) {
            const startedAt = performance.now();
            const refuse = (failure: unknown): void => {
              release?.();
              const { status: code, message: details } = grpcRefusalOf(failure);
              call.sendStatus({ code, details });
              hangUp(call);
              finish(context, { startedAt, failure, record: {}, method: path, metadata });
            };
            try {
              const admission = isInfer ? context.admission : undefined;
              reading = startReading(call, { admission, limits, isStream, refuse });
              if (isStream && isCompressed(call) && (release = streams.tryAcquire()) === undefined)
                throw new ServerError(
                  'overloaded',
                  `The server is full: ${most} compressed streams are open. Try again later, or do not compress.`,
                );
            } catch (failure) {
              reading?.end();
              refuse(failure);
              return;
            }
            if (isStream || !isCompressed(call)) {
              take(metadata);
              return;
            }
            void calls.acquire().then((permit) => {
              release = permit;
              if (reading!.isOver) permit();
              else take(metadata);
            });
          },
          onReceiveMessage(message, take) {
            reading?.messageCame();
            if (!isStream) release?.();
            take(message);
          },
          // Also once the status is sent, whoever sent it.
          onCancel() {
            end();
            hangUp(call);
          },
        });
      },
    });
  };
}
