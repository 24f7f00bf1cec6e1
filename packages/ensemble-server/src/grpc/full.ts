import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import type { ServerContext } from '../http/context.ts';
import { finish } from './call.ts';
import { grpcRefusalOf } from './status.ts';

/**
 * Refuses infer calls while there is no room for another, before their message is read: what the client sends meanwhile is held back by
 * the flow control of HTTP/2.
 */
export function refuseUnread(context: ServerContext): ServerInterceptor {
  return ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, take) {
            try {
              // The least that a message takes.
              if (path.endsWith('/ModelInfer')) context.admission.enter(1).release();
            } catch (failure) {
              const { status: code, message: details } = grpcRefusalOf(failure);
              call.sendStatus({ code, details });
              finish(context, {
                startedAt: performance.now(),
                failure,
                record: {},
                method: path,
                metadata,
              });
              return;
            }
            take(metadata);
          },
        });
      },
    });
}
