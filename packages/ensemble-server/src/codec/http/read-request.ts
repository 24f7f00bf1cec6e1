import { badRequest } from '../../errors.ts';
import type {
  Content,
  InferRequest,
  InputTensor,
  Parameters,
  RequestedOutput,
} from '../../protocol/messages.ts';
import {
  asArray,
  asBoolean,
  asCount,
  asObject,
  asString,
  isAbsent,
  parametersOf,
} from '../json/fields.ts';
import { Numbers, parseInferJson, type JsonLimits } from '../json/parse.ts';
import { binaryData, type BinaryData } from './binary-data.ts';

/** What the response must look like, which is this codec's own affair. */
export interface Reply {
  /** Whether an output goes as bytes that `outputs` does not name. */
  readonly isBinary: boolean;
  readonly outputs: Readonly<Record<string, boolean>>;
}

export interface DecodedRequest {
  /** Undefined where the body is nothing but elements: what they are of is the model's to say. */
  readonly request: InferRequest | undefined;
  readonly raw: Uint8Array | undefined;
  readonly reply: Reply;
}

/**
 * Reads the body of an infer request: JSON, JSON with binary tensors, or one bare tensor. `headerLength` is the header
 * `Inference-Header-Content-Length`: how many bytes of the body are JSON; undefined means all. Throws `ServerError`.
 */
export function readInferRequest(
  bytes: Uint8Array,
  headerLength: string | undefined,
  limits: JsonLimits,
): DecodedRequest {
  const jsonLength = readHeaderLength(bytes, headerLength);
  if (jsonLength === 0 && headerLength !== undefined)
    return { request: undefined, raw: bytes, reply: { isBinary: true, outputs: {} } };
  const json = asObject(parseInferJson(bytes.subarray(0, jsonLength), limits), 'the body');
  const { binary_data_output: wish, ...parameters } = parametersOf(json, 'the body');
  const isBinary = wish === undefined ? false : asBoolean(wish, 'the parameter binary_data_output');
  const binary = binaryData(bytes.subarray(jsonLength));
  const inputs = asArray(json['inputs'], 'inputs').map((entry, index) =>
    readInput(entry, `inputs[${index}]`, binary),
  );
  binary.finish();
  const wishes = new Map<string, boolean>();
  const outputs = readOutputs(json, wishes);
  return {
    request: {
      id: isAbsent(json['id']) ? undefined : asString(json['id'], 'id'),
      parameters,
      inputs,
      outputs,
    },
    raw: undefined,
    reply: { isBinary, outputs: Object.fromEntries(wishes) },
  };
}

function readHeaderLength(bytes: Uint8Array, headerLength: string | undefined): number {
  if (headerLength === undefined) return bytes.length;
  const length = /^\d{1,15}$/.test(headerLength) ? Number(headerLength) : NaN;
  if (length <= bytes.length) return length;
  throw badRequest(
    `Inference-Header-Content-Length is ${JSON.stringify(headerLength)}; it must be a whole number from 0 to the ${bytes.length} bytes of the body.`,
  );
}

function readInput(value: unknown, where: string, binary: BinaryData): InputTensor {
  const entry = asObject(value, where);
  const name = asString(entry['name'], `${where}.name`);
  const parameters = parametersOf(entry, where);
  refuseSharedMemory(parameters, where);
  return {
    name,
    datatype: asString(entry['datatype'], `datatype of input "${name}"`),
    shape: asArray(entry['shape'], `shape of input "${name}"`).map((side) =>
      asCount(side, `a side of the shape of input "${name}"`),
    ),
    content: readContent(name, entry['data'], parameters, binary),
  };
}

function readContent(
  name: string,
  data: unknown,
  parameters: Parameters,
  binary: BinaryData,
): Content {
  const size = parameters['binary_data_size'];
  if (size === undefined) {
    if (data instanceof Numbers) return { form: 'json', numbers: data.list };
    throw badRequest(
      `data of input "${name}" is ${data === undefined || data === null ? 'missing' : 'not an array'}; it must be an array of numbers.`,
    );
  }
  if (!isAbsent(data))
    throw badRequest(`input "${name}" has both data and binary_data_size. Send one of them.`);
  const bytes = asCount(size, `binary_data_size of input "${name}"`);
  return { form: 'bytes', bytes: binary.take(bytes, name) };
}

function readOutputs(
  json: Readonly<Record<string, unknown>>,
  wishes: Map<string, boolean>,
): readonly RequestedOutput[] | undefined {
  if (isAbsent(json['outputs'])) return undefined;
  const outputs = asArray(json['outputs'], 'outputs').map((value, index) => {
    const where = `outputs[${index}]`;
    const entry = asObject(value, where);
    const parameters = parametersOf(entry, where);
    refuseSharedMemory(parameters, where);
    const name = asString(entry['name'], `${where}.name`);
    const { binary_data: binary, classification } = parameters;
    if (binary !== undefined)
      wishes.set(name, asBoolean(binary, `${where}.parameters.binary_data`));
    if (classification === undefined) return { name };
    return { name, classes: asCount(classification, `${where}.parameters.classification`) };
  });
  return outputs.length === 0 ? undefined : outputs;
}

function refuseSharedMemory(parameters: Parameters, where: string): void {
  if (parameters['shared_memory_region'] === undefined) return;
  throw badRequest(
    `${where} asks for shared memory, an extension that this server does not have. GET /v2 lists those it has.`,
  );
}
