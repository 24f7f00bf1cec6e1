import type { BundleManifest, BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import { InferenceError } from './errors.ts';
import {
  arrayTypes,
  bytesOf,
  rowSize,
  type InputTensor,
  type Inputs,
  type TensorData,
} from './tensor.ts';

/** Checked inputs: the bytes of each input of the manifest, in its order. */
export interface ValidInputs {
  readonly rows: number;
  readonly data: readonly Uint8Array[];
}

/**
 * Checks names, dtypes, shapes and row counts, so that one bad request never reaches a batch. A bare array stands for the only
 * input; its rows follow from its length. Throws `InferenceError('invalid-input')`.
 */
export function validateInputs(
  { name, inputs }: Pick<BundleManifest, 'name' | 'inputs'>,
  given: Inputs,
): ValidInputs {
  const tensors = isTensorData(given) ? { [inputs[0]!.name]: bare(name, inputs, given) } : given;
  const unknown = Object.keys(tensors).filter((key) => !inputs.some((input) => input.name === key));
  if (unknown.length > 0)
    throw invalid(
      name,
      `there is no input "${unknown.join('", "')}". Its inputs: ${describe(inputs)}.`,
    );
  const data = inputs.map((input) => {
    const tensor = Object.hasOwn(tensors, input.name) ? tensors[input.name] : undefined;
    if (tensor === undefined)
      throw invalid(name, `input "${input.name}" is missing. Pass: ${describe(inputs)}.`);
    return checkTensor(name, input, tensor);
  });
  const [first, ...others] = inputs;
  const rows = tensors[first!.name]!.dims[0]!;
  for (const other of others)
    if (tensors[other.name]!.dims[0] !== rows)
      throw invalid(
        name,
        `input "${first!.name}" has ${rows} rows, "${other.name}" has ${tensors[other.name]!.dims[0]!}. All inputs need as many rows.`,
      );
  return { rows, data };
}

function isTensorData(given: Inputs): given is TensorData {
  return ArrayBuffer.isView(given);
}

function bare(name: string, inputs: readonly BundleTensor[], data: TensorData): InputTensor {
  if (inputs.length > 1)
    throw invalid(
      name,
      `a bare array came, but there are ${inputs.length} inputs. Pass { data, dims } for each of: ${describe(inputs)}.`,
    );
  const size = rowSize(inputs[0]!);
  if (data.length === 0 || data.length % size !== 0)
    throw invalid(
      name,
      `got ${data.length} elements; the count must be a multiple of ${size} (one row). Input: ${describe(inputs)}.`,
    );
  return { data, dims: [data.length / size, ...(inputs[0]!.shape.slice(1) as number[])] };
}

function checkTensor(model: string, input: BundleTensor, tensor: InputTensor): Uint8Array {
  const { dims } = tensor;
  const [rows, ...rest] = dims;
  const isShape =
    Number.isSafeInteger(rows) &&
    rows! >= 1 &&
    dims.length === input.shape.length &&
    rest.every((side, index) => side === input.shape[index + 1]);
  if (!isShape)
    throw invalid(
      model,
      `input "${input.name}" came with shape [${dims.join(', ')}]. Allowed: ${describe([input])} with 1 row or more.`,
    );
  const wanted = arrayTypes[input.dtype];
  const elements = rows! * rowSize(input);
  const expect = (unit: string, came: number, needed: number): void => {
    if (came !== needed)
      throw invalid(
        model,
        `input "${input.name}" has ${came} ${unit}, its shape [${dims.join(', ')}] needs ${needed}.`,
      );
  };
  if ('bytes' in tensor) {
    expect('bytes', tensor.bytes.length, elements * wanted.BYTES_PER_ELEMENT);
    return tensor.bytes;
  }
  const { data } = tensor;
  const came = ArrayBuffer.isView(data) ? data[Symbol.toStringTag] : typeof data;
  if (came !== wanted.name)
    throw invalid(
      model,
      `input "${input.name}" came as ${came}. Pass a ${wanted.name}${input.dtype === 'float16' ? ' of raw bits' : ''}: it is ${input.dtype}.`,
    );
  expect('elements', data.length, elements);
  return bytesOf(data);
}

function describe(tensors: readonly BundleTensor[]): string {
  return tensors
    .map(
      ({ name, dtype, shape }) =>
        `"${name}" ${dtype} [${shape.map((side) => side ?? 'rows').join(', ')}]`,
    )
    .join(', ');
}

function invalid(model: string, text: string): InferenceError {
  return new InferenceError('invalid-input', `Cannot run ensemble "${model}": ${text}`);
}
