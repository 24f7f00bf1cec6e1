import type { BundleManifest, BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import { InferenceError } from './errors.ts';
import {
  arrayTypes,
  bytesOf,
  rowShape,
  type InputTensor,
  type Inputs,
  type Symbols,
  type TensorData,
} from './tensor.ts';

/** Checked inputs: the bytes of each input of the manifest, in its order. */
export interface ValidInputs {
  readonly rows: number;
  readonly data: readonly Uint8Array[];
  /** The shape of one row of each input. */
  readonly tails: readonly (readonly number[])[];
  /** Sizes of the dimensions that the request chose. */
  readonly symbols: Symbols;
  /** Requests of one lot can share a batch: their rows have the same shapes. */
  readonly lot: string;
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
  for (const key of Object.keys(tensors))
    if (!inputs.some((input) => input.name === key))
      throw invalid(name, `there is no input "${key}". Its inputs: ${describe(inputs)}.`);
  const symbols = new Map<string, number>();
  const data = inputs.map((input) => {
    const tensor = Object.hasOwn(tensors, input.name) ? tensors[input.name] : undefined;
    if (tensor === undefined)
      throw invalid(name, `input "${input.name}" is missing. Pass: ${describe(inputs)}.`);
    return checkTensor(name, input, tensor, symbols);
  });
  const [first, ...others] = inputs;
  const rows = tensors[first!.name]!.dims[0]!;
  for (const other of others)
    if (tensors[other.name]!.dims[0] !== rows)
      throw invalid(
        name,
        `input "${first!.name}" has ${rows} rows, "${other.name}" has ${tensors[other.name]!.dims[0]!}. All inputs need the same number of rows.`,
      );
  const tails = inputs.map((input) => rowShape(input, symbols));
  return { rows, data, tails, symbols, lot: [...symbols.values()].join() };
}

function isTensorData(given: Inputs): given is TensorData {
  return ArrayBuffer.isView(given);
}

function bare(name: string, inputs: readonly BundleTensor[], data: TensorData): InputTensor {
  const [input] = inputs;
  if (inputs.length > 1)
    throw invalid(
      name,
      `got a bare array, but there are ${inputs.length} inputs. Pass { data, dims } for each of: ${describe(inputs)}.`,
    );
  if (input!.shape.some((side) => typeof side === 'string'))
    throw invalid(
      name,
      `got a bare array, but its shape is yours to choose. Pass { data, dims } for: ${describe(inputs)}.`,
    );
  const tail = rowShape(input!);
  const size = tail.reduce((product, side) => product * side, 1);
  if (data.length === 0 || data.length % size !== 0)
    throw invalid(
      name,
      `got ${data.length} elements; the count must be a multiple of ${size} (one row). Input: ${describe(inputs)}.`,
    );
  return { data, dims: [data.length / size, ...tail] };
}

function checkTensor(
  model: string,
  input: BundleTensor,
  tensor: InputTensor,
  symbols: Map<string, number>,
): Uint8Array {
  const { dims } = tensor;
  const isShape =
    dims.length === input.shape.length &&
    dims.every((side) => Number.isSafeInteger(side) && side >= 1) &&
    input.shape.every((side, index) => fits(side, dims[index]!, symbols));
  if (!isShape)
    throw invalid(
      model,
      `input "${input.name}" came with shape [${dims.join(', ')}]. Allowed: ${describe([input])} with 1 row or more${equalNames(input)}.`,
    );
  const wanted = arrayTypes[input.dtype];
  const elements = dims.reduce((product, side) => product * side, 1);
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

/** A number must be met, a name means one size throughout a request, and null is the rows. */
function fits(side: number | string | null, came: number, symbols: Map<string, number>): boolean {
  if (side === null) return true;
  if (typeof side === 'number') return side === came;
  const known = symbols.get(side);
  if (known === undefined) symbols.set(side, came);
  return known === undefined || known === came;
}

function equalNames({ shape }: BundleTensor): string {
  return shape.some((side) => typeof side === 'string')
    ? '; equal names stand for equal sizes'
    : '';
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
