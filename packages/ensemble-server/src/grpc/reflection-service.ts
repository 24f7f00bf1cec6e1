import {
  create,
  toBinary,
  type DescFile,
  type DescMessage,
  type MessageInitShape,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { status, type ServerDuplexStream, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Received } from './define.ts';
import {
  ServerReflectionResponseSchema,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from './generated/reflection_pb.ts';
import { grpcRefusalOf } from './status.ts';

type Answer = MessageInitShape<typeof ServerReflectionResponseSchema>['messageResponse'];

/** Server reflection over the given files: which services there are, and the files that describe them. */
export function reflectionService(files: readonly DescFile[]): UntypedServiceImplementation {
  const byName = new Map(files.map((file) => [fileName(file), file]));
  const bySymbol = new Map(files.flatMap((file) => symbols(file).map((name) => [name, file])));
  const answer = (request: ServerReflectionRequest): Answer => {
    const { case: kind, value } = request.messageRequest;
    switch (kind) {
      case 'listServices': {
        const service = files.flatMap(({ services }) =>
          services.map(({ typeName: name }) => ({ name })),
        );
        return { case: 'listServicesResponse', value: { service } };
      }
      case 'fileByFilename':
        return fileAnswer(byName.get(value), value);
      case 'fileContainingSymbol':
        return fileAnswer(bySymbol.get(value), value);
      case 'allExtensionNumbersOfType':
        return bySymbol.has(value)
          ? { case: 'allExtensionNumbersResponse', value: { baseTypeName: value } }
          : missing(value);
      case 'fileContainingExtension':
        return missing(`an extension of ${value.containingType}`);
      case undefined:
        return {
          case: 'errorResponse',
          value: { errorCode: status.INVALID_ARGUMENT, errorMessage: 'The request is empty.' },
        };
    }
  };
  return {
    serverReflectionInfo(
      stream: ServerDuplexStream<Received<ServerReflectionRequest>, ServerReflectionResponse>,
    ) {
      stream.on('data', (received: Received<ServerReflectionRequest>) => {
        let request: ServerReflectionRequest;
        try {
          request = received.read();
        } catch (error) {
          const { status: code, message: details } = grpcRefusalOf(error);
          stream.emit('error', { code, details });
          return;
        }
        stream.write(
          create(ServerReflectionResponseSchema, {
            validHost: request.host,
            originalRequest: request,
            messageResponse: answer(request) ?? { case: undefined },
          }),
        );
      });
      stream.on('end', () => {
        stream.end();
      });
      stream.on('error', () => undefined);
    },
  };
}

/** protobuf-es drops the ending that imports carry. */
function fileName({ proto }: DescFile): string {
  return proto.name;
}

function symbols({ services, messages, enums }: DescFile): readonly string[] {
  const nested = ({ typeName, nestedMessages, nestedEnums }: DescMessage): readonly string[] => [
    typeName,
    ...nestedEnums.map((each) => each.typeName),
    ...nestedMessages.flatMap(nested),
  ];
  return [
    ...services.flatMap(({ typeName, methods }) => [
      typeName,
      ...methods.map(({ name }) => `${typeName}.${name}`),
    ]),
    ...messages.flatMap(nested),
    ...enums.map(({ typeName }) => typeName),
  ];
}

function fileAnswer(file: DescFile | undefined, name: string): Answer {
  if (file === undefined) return missing(name);
  const all = [file, ...file.dependencies];
  return {
    case: 'fileDescriptorResponse',
    value: {
      fileDescriptorProto: all.map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto)),
    },
  };
}

function missing(name: string): Answer {
  return {
    case: 'errorResponse',
    value: { errorCode: status.NOT_FOUND, errorMessage: `There is no ${name}.` },
  };
}
