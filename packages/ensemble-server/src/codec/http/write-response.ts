import { setImmediate } from 'node:timers/promises';
import type { TensorData } from '@snapshot-ensemble/ensemble-runtime';
import { badRequest, ServerError } from '../../errors.ts';
import type { InferResponse, OutputTensor } from '../../protocol/messages.ts';
import { elementsToBytes, isTexts } from '../bytes.ts';
import { wireTypes, type WireType } from '../datatypes.ts';
import type { Reply } from './read-request.ts';

export interface EncodedResponse {
  readonly bytes: Buffer;
  /** Bytes of `bytes` that are JSON, where binary tensors follow it. */
  readonly headerLength: number | undefined;
}

// So many numbers are written at a time, in a few milliseconds; between them the event loop gets its turn.
const PIECE = 32_768;

/**
 * Body of the response to an infer request; a promise of it only where it holds so many numbers in JSON that the event loop needs a turn between
 * them. Throws `ServerError` for what JSON cannot carry.
 */
export function writeInferResponse(
  response: InferResponse,
  reply: Reply,
): EncodedResponse | Promise<EncodedResponse> {
  const isBinary = ({ name }: OutputTensor): boolean =>
    Object.hasOwn(reply.outputs, name) ? reply.outputs[name]! : reply.isBinary;
  const isLarge = response.outputs.some(
    (output) => output.data.length > PIECE && !isBinary(output),
  );
  return isLarge ? writePieces(response, isBinary) : writeAtOnce(response, isBinary);
}

type IsBinary = (output: OutputTensor) => boolean;

function writeAtOnce(response: InferResponse, isBinary: IsBinary): EncodedResponse {
  const binary: Buffer[] = [];
  const tensors = response.outputs.map((output) => {
    if (isBinary(output)) return writeBinary(output, binary);
    const { data } = output;
    const text = isTexts(data)
      ? JSON.stringify(data).slice(1, -1)
      : formatData(output, data, 0, data.length);
    return `${head(output)},"data":[${text}]}`;
  });
  return join(response, tensors, binary);
}

async function writePieces(response: InferResponse, isBinary: IsBinary): Promise<EncodedResponse> {
  const binary: Buffer[] = [];
  const tensors: string[] = [];
  for (const output of response.outputs)
    tensors.push(isBinary(output) ? writeBinary(output, binary) : await writeJson(output));
  return join(response, tensors, binary);
}

function writeBinary(output: OutputTensor, binary: Buffer[]): string {
  const bytes = elementsToBytes(output.data);
  binary.push(bytes);
  return `${head(output)},"parameters":{"binary_data_size":${bytes.length}}}`;
}

function join(
  { model, version, id, parameters }: InferResponse,
  tensors: readonly string[],
  binary: readonly Buffer[],
): EncodedResponse {
  const start = JSON.stringify({
    model_name: model,
    model_version: version,
    id,
    parameters: Object.keys(parameters).length > 0 ? parameters : undefined,
  });
  // Put together as text: JSON.stringify would write a float32 with the digits of a double.
  const json = Buffer.from(`${start.slice(0, -1)},"outputs":[${tensors.join(',')}]}`);
  return binary.length === 0
    ? { bytes: json, headerLength: undefined }
    : { bytes: Buffer.concat([json, ...binary]), headerLength: json.length };
}

function head({ name, datatype, shape }: OutputTensor): string {
  return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(',')}]`;
}

async function writeJson(output: OutputTensor): Promise<string> {
  const { data } = output;
  if (isTexts(data)) return `${head(output)},"data":${JSON.stringify(data)}}`;
  const pieces: string[] = [];
  for (let start = 0; start < data.length; start += PIECE) {
    if (start > 0) await setImmediate();
    pieces.push(formatData(output, data, start, Math.min(data.length, start + PIECE)));
  }
  return `${head(output)},"data":[${pieces.join(',')}]}`;
}

function formatData(
  { name, datatype }: OutputTensor,
  data: TensorData,
  start: number,
  end: number,
): string {
  const { format } = byDatatype(datatype);
  if (format === undefined)
    throw badRequest(
      `output "${name}" is ${datatype}, which JSON cannot carry. Ask for it as binary data.`,
    );
  let text = '';
  for (let index = start; index < end; index++) {
    const element = format(data[index]!);
    if (element === undefined)
      throw new ServerError(
        'unrepresentable',
        `Element ${index} of output "${name}" is ${String(data[index])}, which JSON cannot carry. Ask for it as binary data.`,
      );
    text += index === start ? element : `,${element}`;
  }
  return text;
}

const types = new Map<string, WireType>(
  Object.values(wireTypes).map((type) => [type.datatype, type]),
);

function byDatatype(datatype: string): WireType {
  return types.get(datatype)!;
}
