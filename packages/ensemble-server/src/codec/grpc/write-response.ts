import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  ModelInferResponseSchema,
  type InferParameterSchema,
  type ModelInferResponse,
} from '../../grpc/generated/inference_pb.ts';
import type { InferResponse, OutputTensor, ParameterValue } from '../../protocol/messages.ts';
import { elementsToBytes } from '../bytes.ts';

/** An infer response as its protobuf message; elements go as raw bytes, as Triton's clients read them. */
export function writeGrpcResponse(response: InferResponse): ModelInferResponse {
  return create(ModelInferResponseSchema, {
    modelName: response.model,
    modelVersion: response.version,
    id: response.id ?? '',
    parameters: Object.fromEntries(
      Object.entries(response.parameters).map(([name, value]) => [name, parameterOf(value)]),
    ),
    outputs: response.outputs.map(({ name, datatype, shape }: OutputTensor) => ({
      name,
      datatype,
      shape: shape.map(BigInt),
    })),
    rawOutputContents: response.outputs.map(({ data }) => elementsToBytes(data)),
  });
}

function parameterOf(value: ParameterValue): MessageInitShape<typeof InferParameterSchema> {
  if (typeof value === 'string') return { parameterChoice: { case: 'stringParam', value } };
  if (typeof value === 'boolean') return { parameterChoice: { case: 'boolParam', value } };
  return Number.isSafeInteger(value)
    ? { parameterChoice: { case: 'int64Param', value: BigInt(value) } }
    : { parameterChoice: { case: 'doubleParam', value } };
}
