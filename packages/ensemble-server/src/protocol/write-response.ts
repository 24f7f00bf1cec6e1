import type { BundleOutput } from '@snapshot-ensemble/ensemble-bundle';
import type { Tensor } from '@snapshot-ensemble/ensemble-runtime';
import { badRequest, ServerError } from '../errors.ts';
import { wireTypes } from './datatypes.ts';

export interface AnsweredOutput {
  readonly output: BundleOutput;
  readonly tensor: Tensor;
  readonly isBinary: boolean;
}

export interface InferResponse {
  readonly bytes: Buffer;
  /** Bytes of `bytes` that are JSON, where binary tensors follow it. */
  readonly headerLength: number | undefined;
}

/** Body of the response to an infer request. Throws `ServerError` for what JSON cannot carry. */
export function writeResponse(
  head: { readonly model_name: string; readonly model_version: string; readonly id?: string },
  outputs: readonly AnsweredOutput[],
): InferResponse {
  const tensors = outputs.map((answered) => writeTensor(answered)).join(',');
  // Put together as text: JSON.stringify would write a float32 with the digits of a double.
  const json = Buffer.from(`${JSON.stringify(head).slice(0, -1)},"outputs":[${tensors}]}`);
  const binary = outputs
    .filter(({ isBinary }) => isBinary)
    .map(({ tensor: { data } }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  return binary.length === 0
    ? { bytes: json, headerLength: undefined }
    : { bytes: Buffer.concat([json, ...binary]), headerLength: json.length };
}

function writeTensor({ output, tensor, isBinary }: AnsweredOutput): string {
  const { data, dims } = tensor;
  const { datatype } = wireTypes[output.dtype];
  const head = JSON.stringify({ name: output.name, datatype, shape: dims }).slice(0, -1);
  return isBinary
    ? `${head},"parameters":{"binary_data_size":${data.byteLength}}}`
    : `${head},"data":[${formatData(output, tensor)}]}`;
}

function formatData({ name, dtype }: BundleOutput, { data }: Tensor): string {
  const { datatype, format } = wireTypes[dtype];
  if (format === undefined)
    throw badRequest(
      `Output "${name}" is ${datatype}, which JSON cannot carry. Ask for it as binary data.`,
    );
  const texts = Array.from(data as ArrayLike<number | bigint>, (value, index) => {
    const text = format(value);
    if (text !== undefined) return text;
    throw new ServerError(
      'non-finite-output',
      `Element ${index} of output "${name}" is ${value}, which JSON cannot carry. Ask for it as binary data.`,
    );
  });
  return texts.join(',');
}
