import type { BundleManifest, BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import { badRequest } from '../errors.ts';
import { wireTypes } from './datatypes.ts';
import { asArray, asBoolean, asCount, asObject, asString, parametersOf } from './fields.ts';
import type { JsonObject } from './fields.ts';
import { parseJson, type JsonLimits } from './parse-json.ts';
import {
  binaryData,
  fromBytes,
  readTensor,
  type ArrayTensor,
  type BinaryData,
} from './read-tensor.ts';

export interface RequestedOutput {
  readonly name: string;
  readonly isBinary: boolean;
}

/** An infer request, checked as far as the protocol goes. */
export interface InferRequest {
  readonly id: string | undefined;
  readonly inputs: Readonly<Record<string, ArrayTensor>>;
  /** Undefined where the request names none, which means all. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  /** Whether outputs that say nothing themselves are binary. */
  readonly isBinary: boolean;
  /** How long it may wait for its turn. */
  readonly timeoutMs: number | undefined;
  /** The parameter `allow_non_finite`: NaN and infinities may go in and come out. */
  readonly allowNonFinite: boolean;
}

export interface RequestBody {
  readonly bytes: Uint8Array;
  /** `Inference-Header-Content-Length`: how many bytes of the body are JSON; undefined means all. */
  readonly headerLength: string | undefined;
}

type Graph = Pick<BundleManifest, 'name' | 'inputs'>;

/** Reads the body of an infer request, JSON, JSON with binary tensors, or one bare tensor. Throws `ServerError`. */
export function readRequest(graph: Graph, body: RequestBody, limits: JsonLimits): InferRequest {
  const jsonLength = readHeaderLength(body);
  if (jsonLength === 0 && body.headerLength !== undefined) return readRawRequest(graph, body.bytes);
  const json = asObject(parseJson(body.bytes.subarray(0, jsonLength), limits), 'the body');
  const parameters = readParameters(parametersOf(json, 'the body'));
  const binary = binaryData(body.bytes.subarray(jsonLength));
  const inputs = readInputs(graph, json, binary);
  binary.finish();
  return {
    id: json['id'] === undefined ? undefined : asString(json['id'], 'id'),
    inputs,
    outputs: readOutputs(json, parameters.isBinary),
    ...parameters,
  };
}

function readHeaderLength({ bytes, headerLength }: RequestBody): number {
  if (headerLength === undefined) return bytes.length;
  const length = /^\d{1,15}$/.test(headerLength) ? Number(headerLength) : NaN;
  if (length <= bytes.length) return length;
  throw badRequest(
    `Cannot read the request: Inference-Header-Content-Length is ${JSON.stringify(headerLength)}; it must be a whole number from 0 to the ${bytes.length} bytes of the body.`,
  );
}

/** A body that is nothing but the elements of the only input. */
function readRawRequest({ name, inputs }: Graph, bytes: Uint8Array): InferRequest {
  const [input, second] = inputs;
  if (second !== undefined)
    throw badRequest(
      `Cannot read the request: a body without JSON is for models with one input, "${name}" has ${inputs.length}.`,
    );
  const type = wireTypes[input!.dtype];
  const sides = input!.shape.slice(1) as number[];
  const rowBytes = sides.reduce((product, side) => product * side, type.bytes);
  if (bytes.length === 0 || bytes.length % rowBytes !== 0)
    throw badRequest(
      `Cannot read the request: ${bytes.length} bytes are no whole number of rows of ${rowBytes} bytes, which input "${input!.name}" takes.`,
    );
  const tensor = { data: fromBytes(type, bytes), dims: [bytes.length / rowBytes, ...sides] };
  const inputsByName = { [input!.name]: tensor };
  return {
    id: undefined,
    inputs: inputsByName,
    outputs: undefined,
    isBinary: true,
    timeoutMs: undefined,
    allowNonFinite: false,
  };
}

function readParameters(parameters: JsonObject): Pick<InferRequest, 'isBinary' | 'timeoutMs' | 'allowNonFinite'> {
  const { binary_data_output: isBinary, timeout, sequence_id: sequence } = parameters;
  const reserved = Object.keys(parameters).find((key) => key.startsWith('triton_'));
  if (reserved !== undefined)
    throw badRequest(
      `Cannot read the request: the parameter "${reserved}" has the reserved prefix "triton_".`,
    );
  if (sequence !== undefined && sequence !== 0 && sequence !== '')
    throw badRequest(
      'Cannot read the request: sequence_id is set, but ensembles keep no state between requests. Leave it out.',
    );
  // The protocol counts microseconds, and 0 is no limit.
  const timeoutMs = timeout === undefined ? 0 : asCount(timeout, 'the parameter timeout') / 1000;
  return {
    isBinary:
      isBinary === undefined ? false : asBoolean(isBinary, 'the parameter binary_data_output'),
    timeoutMs: timeoutMs === 0 ? undefined : timeoutMs,
    allowNonFinite: parameters['allow_non_finite'] === true,
  };
}

function readInputs(
  { name, inputs }: Graph,
  json: JsonObject,
  binary: BinaryData,
): Readonly<Record<string, ArrayTensor>> {
  const tensors = new Map<string, ArrayTensor>();
  for (const [index, value] of asArray(json['inputs'], 'inputs').entries()) {
    const where = `inputs[${index}]`;
    const entry = asObject(value, where);
    const input = find(name, inputs, asString(entry['name'], `${where}.name`));
    if (tensors.has(input.name))
      throw badRequest(`Cannot read the request: input "${input.name}" comes twice.`);
    const parameters = parametersOf(entry, where);
    refuse(parameters, 'shared_memory_region', where);
    tensors.set(input.name, readTensor(input, entry, parameters, binary));
  }
  return Object.fromEntries(tensors);
}

function find(model: string, inputs: readonly BundleTensor[], name: string): BundleTensor {
  const input = inputs.find((candidate) => candidate.name === name);
  if (input !== undefined) return input;
  const names = inputs.map((candidate) => `"${candidate.name}"`).join(', ');
  throw badRequest(
    `Cannot read the request: model "${model}" has no input "${name}". Its inputs: ${names}.`,
  );
}

function readOutputs(json: JsonObject, isBinary: boolean): InferRequest['outputs'] {
  if (json['outputs'] === undefined) return undefined;
  const outputs = asArray(json['outputs'], 'outputs').map((value, index) => {
    const where = `outputs[${index}]`;
    const entry = asObject(value, where);
    const parameters = parametersOf(entry, where);
    refuse(parameters, 'classification', where);
    refuse(parameters, 'shared_memory_region', where);
    const { binary_data: binary } = parameters;
    return {
      name: asString(entry['name'], `${where}.name`),
      isBinary: binary === undefined ? isBinary : asBoolean(binary, `${where}.binary_data`),
    };
  });
  return outputs.length === 0 ? undefined : outputs;
}

function refuse(parameters: JsonObject, key: string, where: string): void {
  if (parameters[key] === undefined) return;
  throw badRequest(
    `Cannot read the request: ${where} asks for ${key}, an extension that this server does not have. GET /v2 lists those it has.`,
  );
}
