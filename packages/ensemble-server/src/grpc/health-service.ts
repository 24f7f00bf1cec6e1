import type { ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import { create } from '@bufbuild/protobuf';
import { ServerError } from '../errors.ts';
import type { ServerContext } from '../http/context.ts';
import { unary } from './call.ts';
import type { Received } from './define.ts';
import {
  HealthCheckResponse_ServingStatus as Serving,
  HealthCheckResponseSchema,
  type HealthCheckRequest,
  type HealthCheckResponse,
} from './generated/health_pb.ts';
import { grpcRefusalOf } from './status.ts';

// Whoever watches learns of a change within this time.
const WATCH_MS = 200;

/** grpc.health.v1: the whole server under "", each model and the inference service by name. */
export function healthService(context: ServerContext): UntypedServiceImplementation {
  const read = (service: string): Serving | undefined => {
    const { repository } = context;
    const isServing = (ready: boolean): Serving =>
      ready && !context.isStopping() ? Serving.SERVING : Serving.NOT_SERVING;
    if (service === '' || service === 'inference.GRPCInferenceService')
      return isServing(repository.isReady());
    if (!repository.names.includes(service)) return undefined;
    return isServing(repository.versions(service).length > 0);
  };
  return {
    check: unary<HealthCheckRequest, HealthCheckResponse>(context, 'health', ({ service }) => {
      const serving = read(service);
      if (serving === undefined)
        throw new ServerError('not-found', `There is no service "${service}".`);
      return create(HealthCheckResponseSchema, { status: serving });
    }),
    watch(call: ServerWritableStream<Received<HealthCheckRequest>, HealthCheckResponse>) {
      let request: HealthCheckRequest;
      try {
        request = call.request.read();
      } catch (error) {
        const { status: code, message: details } = grpcRefusalOf(error);
        call.emit('error', { code, details });
        return;
      }
      let told: Serving | undefined;
      const tell = (): void => {
        const serving = read(request.service) ?? Serving.SERVICE_UNKNOWN;
        if (serving !== told)
          call.write(create(HealthCheckResponseSchema, { status: (told = serving) }));
      };
      tell();
      const timer = setInterval(tell, WATCH_MS);
      timer.unref();
      const stop = (): void => {
        clearInterval(timer);
      };
      call.on('cancelled', stop).on('close', stop).on('error', stop);
    },
  };
}
