import type { BundleManifest, BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import { InferenceError } from './errors.ts';
import { arrayTypes, rowSize, type Tensor, type TensorData, type Tensors } from './tensor.ts';

/** Checked inputs: one array for each input of the manifest, in its order. */
export interface ValidInputs {
  readonly rows: number;
  readonly data: readonly TensorData[];
}

/**
 * Checks names, dtypes, shapes and row counts, so that one bad request never reaches a batch. A bare array stands for the only
 * input; its rows follow from its length. Throws `InferenceError('invalid-input')`.
 */
export function validateInputs(
  { name, inputs }: Pick<BundleManifest, 'name' | 'inputs'>,
  given: Tensors | TensorData,
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

function isTensorData(given: Tensors | TensorData): given is TensorData {
  return ArrayBuffer.isView(given);
}

function bare(name: string, inputs: readonly BundleTensor[], data: TensorData): Tensor {
  if (inputs.length > 1)
    throw invalid(
      name,
      `a bare array came, but there are ${inputs.length} inputs. Pass { data, dims } for each of: ${describe(inputs)}.`,
    );
  const size = rowSize(inputs[0]!);
  if (data.length === 0 || data.length % size !== 0)
    throw invalid(
      name,
      `${data.length} elements are no whole number of rows of ${size}. Input: ${describe(inputs)}.`,
    );
  return { data, dims: [data.length / size, ...(inputs[0]!.shape.slice(1) as number[])] };
}

function checkTensor(model: string, input: BundleTensor, { data, dims }: Tensor): TensorData {
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
  const wanted = arrayTypes[input.dtype].name;
  const came = ArrayBuffer.isView(data) ? data[Symbol.toStringTag] : typeof data;
  if (came !== wanted)
    throw invalid(
      model,
      `input "${input.name}" came as ${came}. Pass a ${wanted}${input.dtype === 'float16' ? ' of raw bits' : ''}: it is ${input.dtype}.`,
    );
  if (data.length !== rows! * rowSize(input))
    throw invalid(
      model,
      `input "${input.name}" has ${data.length} elements, its shape [${dims.join(', ')}] needs ${rows! * rowSize(input)}.`,
    );
  return data;
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
