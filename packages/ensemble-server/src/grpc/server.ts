import { createServer, type AddressInfo, type Server as Listener } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { ServerError } from '../errors.ts';
import type { ServerContext } from '../http/context.ts';
import type { Limits, TlsOptions } from '../options.ts';
import { defineService } from './define.ts';
import { refuseUnread } from './full.ts';
import { file_health, Health } from './generated/health_pb.ts';
import { file_inference, GRPCInferenceService } from './generated/inference_pb.ts';
import { file_model_config } from './generated/model_config_pb.ts';
import { file_reflection, ServerReflection } from './generated/reflection_pb.ts';
import { healthService } from './health-service.ts';
import { inferenceService } from './inference-service.ts';
import { reflectionService } from './reflection-service.ts';

export interface GrpcOptions {
  readonly host: string;
  readonly port: number;
  readonly limits: Limits;
  readonly tls: TlsOptions | undefined;
}

export interface GrpcServer {
  /** Host and port. */
  readonly address: string;
  /** Takes no more calls, ends those it has; after the time it cuts them off. */
  close(timeoutMs: number): Promise<void>;
}

// Calls that one connection may have under way; others wait on it.
const MAX_STREAMS = 1000;
// What one connection may hold unread.
const SESSION_MEMORY_MB = 64;

/** The protocol over gRPC, with the health service and reflection. Throws `ServerError` (`port-in-use`, `cannot-listen`). */
export async function startGrpc(context: ServerContext, options: GrpcOptions): Promise<GrpcServer> {
  const { host, port, limits } = options;
  const body = {
    maxBytes: limits.bodyBytes,
    stallMs: limits.bodyStallMs,
    minRate: limits.bodyBytesPerSecond,
  };
  const server = new Server({
    'grpc.max_receive_message_length': limits.bodyBytes,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': MAX_STREAMS,
    'grpc-node.max_session_memory': SESSION_MEMORY_MB,
    interceptors: [refuseUnread(context, { body, bytesInFlight: limits.bytesInFlight })],
  });
  server.addService(defineService(GRPCInferenceService), inferenceService(context));
  server.addService(defineService(Health), healthService(context));
  const files = [file_inference, file_model_config, file_health, file_reflection];
  // Older clients ask under the older name.
  for (const name of [
    'grpc.reflection.v1.ServerReflection',
    'grpc.reflection.v1alpha.ServerReflection',
  ])
    server.addService(defineService(ServerReflection, name), reflectionService(files));
  const injector = server.createConnectionInjector(credentialsOf(options.tls));
  // Listening is ours, so that connections are bounded.
  const listener = createServer({ noDelay: true }, (socket) => {
    injector.injectConnection(socket);
  });
  listener.maxConnections = limits.connections;
  const at = host.includes(':') ? `[${host}]` : host;
  await listen(listener, { host, port, at });
  const { port: bound } = listener.address() as AddressInfo;
  return {
    address: `${at}:${bound}`,
    close: (timeoutMs) =>
      new Promise((resolve) => {
        listener.close();
        const timer = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, timeoutMs);
        server.tryShutdown(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}

function credentialsOf(tls: TlsOptions | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const pair = { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) };
  const clients = tls.clientCa === undefined ? null : Buffer.from(tls.clientCa);
  return ServerCredentials.createSsl(clients, [pair], clients !== null);
}

function listen(
  listener: Listener,
  { host, port, at }: { readonly host: string; readonly port: number; readonly at: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => {
      const isUsed = cause.code === 'EADDRINUSE';
      reject(
        new ServerError(
          isUsed ? 'port-in-use' : 'cannot-listen',
          `Cannot listen on ${at}:${port} for gRPC: ${isUsed ? 'the port is in use. Stop what listens there, or pass another grpcPort (0 takes a free one)' : cause.message}.`,
          { cause },
        ),
      );
    };
    listener.once('error', onError).listen(port, host, () => {
      listener.off('error', onError);
      resolve();
    });
  });
}
