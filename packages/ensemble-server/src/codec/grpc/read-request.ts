import { badRequest } from '../../errors.ts';
import type {
  InferParameter,
  InferTensorContents,
  ModelInferRequest,
} from '../../grpc/generated/inference_pb.ts';
import type {
  Content,
  InferRequest,
  Parameters,
  ParameterValue,
  RequestedOutput,
} from '../../protocol/messages.ts';

/** An infer request out of its protobuf message. Throws `ServerError('invalid-request')`. */
export function readGrpcRequest(message: ModelInferRequest): InferRequest {
  const { inputs, rawInputContents: raw } = message;
  if (raw.length > 0 && raw.length !== inputs.length)
    throw badRequest(
      `${raw.length} raw_input_contents for ${inputs.length} inputs; send one for each, in their order.`,
    );
  return {
    id: message.id === '' ? undefined : message.id,
    parameters: readParameters(message.parameters, 'the request'),
    inputs: inputs.map(({ name, datatype, shape, contents, parameters: own }, index) => {
      refuseSharedMemory(own, `inputs[${index}]`);
      if (raw.length > 0 && contents !== undefined)
        throw badRequest(
          `input "${name}" has contents beside raw_input_contents. Send one of them.`,
        );
      return {
        name,
        datatype,
        shape: shape.map((side) => readSide(name, side)),
        content:
          raw.length > 0 ? { form: 'bytes', bytes: raw[index]! } : readContents(name, contents),
      };
    }),
    outputs: readOutputs(message),
  };
}

function readSide(name: string, side: bigint): number {
  if (side >= 0n && side <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(side);
  throw badRequest(
    `a side of the shape of input "${name}" is ${side}; it must be a whole number from 0.`,
  );
}

const fields = {
  boolContents: 'bool_contents',
  intContents: 'int_contents',
  int64Contents: 'int64_contents',
  uintContents: 'uint_contents',
  uint64Contents: 'uint64_contents',
  fp32Contents: 'fp32_contents',
  fp64Contents: 'fp64_contents',
} as const;

function readContents(name: string, contents: InferTensorContents | undefined): Content {
  const filled = Object.entries(fields).filter(
    ([key]) => (contents?.[key as keyof typeof fields].length ?? 0) > 0,
  );
  if (contents === undefined || filled.length !== 1)
    throw badRequest(
      `input "${name}" has ${filled.length === 0 ? 'no elements' : 'elements in several fields'}. Send raw_input_contents, or one field of contents.`,
    );
  const [key, field] = filled[0]! as [keyof typeof fields, string];
  return { form: 'field', field, elements: contents[key] };
}

function readOutputs({ outputs }: ModelInferRequest): readonly RequestedOutput[] | undefined {
  if (outputs.length === 0) return undefined;
  return outputs.map(({ name, parameters }, index) => {
    refuseSharedMemory(parameters, `outputs[${index}]`);
    const { classification } = readParameters(parameters, `outputs[${index}]`);
    return classification === undefined ? { name } : { name, classes: Number(classification) };
  });
}

function readParameters(
  parameters: Readonly<Record<string, InferParameter>>,
  where: string,
): Parameters {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, { parameterChoice }]) => [
      name,
      readParameter(parameterChoice, `the parameter ${name} of ${where}`),
    ]),
  );
}

function readParameter(
  { case: kind, value }: InferParameter['parameterChoice'],
  where: string,
): ParameterValue {
  if (kind === undefined) throw badRequest(`${where} has no value.`);
  // Beyond 2^53 they would arrive changed, and no parameter of ours goes there.
  return typeof value === 'bigint' ? Number(value) : value;
}

function refuseSharedMemory(parameters: Readonly<Record<string, unknown>>, where: string): void {
  if (parameters['shared_memory_region'] === undefined) return;
  throw badRequest(`${where} asks for shared memory, an extension that this server does not have.`);
}
