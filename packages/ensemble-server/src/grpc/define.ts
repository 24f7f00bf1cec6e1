import {
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethod,
  type DescService,
  type MessageShape,
} from '@bufbuild/protobuf';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { badRequest } from '../errors.ts';

/** A message that came and is not decoded yet: what may be refused by its size alone never is. */
export interface Received<T> {
  readonly bytes: number;
  /** Throws `ServerError('invalid-request')`; grpc-js would answer INTERNAL, and it is the client's fault. */
  read(): T;
}

/** A service of protobuf-es as grpc-js takes it; `path` overrides its full name. */
export function defineService(
  service: DescService,
  fullName: string = service.typeName,
): ServiceDefinition {
  return Object.fromEntries(
    service.methods.map((method) => [method.localName, defineMethod(method, fullName)]),
  );
}

type AnyMessage = MessageShape<DescMethod['input']>;

function defineMethod(
  { input, output, methodKind, name }: DescMethod,
  service: string,
): MethodDefinition<AnyMessage, AnyMessage> {
  return {
    path: `/${service}/${name}`,
    requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
    responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
    requestSerialize: (message) => Buffer.from(toBinary(input, message)),
    requestDeserialize: (bytes) => received(input, bytes) as unknown as AnyMessage,
    responseSerialize: (message) => asBuffer(toBinary(output, message)),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
  };
}

function received<D extends DescMessage>(schema: D, bytes: Buffer): Received<MessageShape<D>> {
  return {
    bytes: bytes.length,
    read() {
      try {
        return fromBinary(schema, bytes);
      } catch {
        throw badRequest(`its message is not a ${schema.typeName}.`);
      }
    },
  };
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
