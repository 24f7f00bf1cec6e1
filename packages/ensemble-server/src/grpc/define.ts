import {
  fromBinary,
  toBinary,
  type DescMethod,
  type DescService,
  type MessageShape,
} from '@bufbuild/protobuf';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { badRequest, type ServerError } from '../errors.ts';

/** A message that came, or why it cannot be read: grpc-js would answer INTERNAL, and it is the client's fault. */
export type Received<T> = T | ServerError;

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
    requestDeserialize(bytes) {
      try {
        return fromBinary(input, bytes);
      } catch {
        return badRequest(`its message is no ${input.typeName}.`) as unknown as AnyMessage;
      }
    },
    responseSerialize: (message) => asBuffer(toBinary(output, message)),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
  };
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
