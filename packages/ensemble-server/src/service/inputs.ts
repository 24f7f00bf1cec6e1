import type { BundleTensor } from '@snapshot-ensemble/ensemble-bundle';
import type { InputTensor as RuntimeInput } from '@snapshot-ensemble/ensemble-runtime';
import { wireTypes, type WireType } from '../codec/datatypes.ts';
import { badRequest } from '../errors.ts';
import type { Content, InputTensor, NumberList } from '../protocol/messages.ts';
import type { Model } from '../repository/model.ts';

/** The inputs as the runtime takes them: names, datatypes and counts checked; shapes are the runtime's to judge. */
export function toInputs(
  model: Model,
  inputs: readonly InputTensor[],
): Readonly<Record<string, RuntimeInput>> {
  const tensors: Record<string, RuntimeInput> = {};
  for (const input of inputs) {
    const spec = model.inputs.get(input.name);
    if (spec === undefined)
      throw badRequest(
        `model "${model.name}" has no input "${input.name}". Its inputs: ${[...model.inputs.keys()].map((name) => `"${name}"`).join(', ')}.`,
      );
    if (Object.hasOwn(tensors, input.name)) throw badRequest(`input "${input.name}" occurs twice.`);
    tensors[input.name] = toTensor(spec, input, model.limits.maxRows);
  }
  return tensors;
}

/** The only input, its rows following from the number of bytes. */
export function toBareInput({ name, manifest }: Model, bytes: Uint8Array): InputTensor {
  const [input, second] = manifest.inputs;
  if (second !== undefined)
    throw badRequest(
      `a body without JSON is for models with one input; "${name}" has ${manifest.inputs.length}.`,
    );
  const { datatype, bytes: size } = wireTypes[input!.dtype];
  const sides = input!.shape.slice(1);
  if (!sides.every((side) => typeof side === 'number'))
    throw badRequest(
      `input "${input!.name}" has sides that each request chooses, so its shape must be given. Send JSON before the bytes.`,
    );
  const rowBytes = sides.reduce((product, side) => product * side, size);
  if (bytes.length === 0 || bytes.length % rowBytes !== 0)
    throw badRequest(
      `got ${bytes.length} bytes; the count must be a multiple of ${rowBytes}, one row of input "${input!.name}".`,
    );
  const shape = [bytes.length / rowBytes, ...sides];
  return { name: input!.name, datatype, shape, content: { form: 'bytes', bytes } };
}

function toTensor(
  spec: BundleTensor,
  { name, datatype, shape, content }: InputTensor,
  maxRows: number | undefined,
): RuntimeInput {
  const type = wireTypes[spec.dtype];
  if (datatype !== type.datatype)
    throw badRequest(
      `input "${name}" has datatype ${JSON.stringify(datatype)}; it must be "${type.datatype}".`,
    );
  if (maxRows !== undefined && (shape[0] ?? 0) > maxRows)
    throw badRequest(
      `input "${name}" has ${shape[0]!} rows; this model takes up to ${maxRows} in one request. Send fewer at once.`,
    );
  const count = shape.reduce((product, side) => product * side, 1);
  return content.form === 'bytes'
    ? bytesOf(name, type, shape, content.bytes, count)
    : { dims: shape, data: elementsOf(name, type, content, count) };
}

function bytesOf(
  name: string,
  type: WireType,
  shape: readonly number[],
  bytes: Uint8Array,
  count: number,
): RuntimeInput {
  if (bytes.length === count * type.bytes) return { dims: shape, bytes };
  throw badRequest(
    `input "${name}" has ${bytes.length} bytes, its shape [${shape.join(', ')}] of ${type.datatype} needs ${count * type.bytes}.`,
  );
}

function elementsOf(
  name: string,
  type: WireType,
  content: Exclude<Content, { form: 'bytes' }>,
  count: number,
): ReturnType<WireType['allocate']> {
  if (type.accepts === undefined)
    throw badRequest(
      `input "${name}" is ${type.datatype}, which only raw bytes can carry. Send it as binary data.`,
    );
  const length = content.form === 'json' ? content.numbers.values.length : content.elements.length;
  if (length !== count)
    throw badRequest(`input "${name}" has ${length} elements, its shape needs ${count}.`);
  return content.form === 'json'
    ? fromJson(name, type, content.numbers)
    : fromField(name, type, content);
}

function fromJson(
  name: string,
  type: WireType,
  { values, booleans }: NumberList,
): ReturnType<WireType['allocate']> {
  if (booleans > 0 && type.takesBooleans !== true)
    throw badRequest(`input "${name}" holds true or false, but is ${type.datatype}. Send numbers.`);
  if (type.datatype === 'FP32') {
    const data = new Float32Array(values);
    if (isAllFinite(data)) return data;
  }
  const accepts = type.accepts!;
  for (let index = 0; index < values.length; index++)
    if (!accepts(values[index]!))
      throw badRequest(
        `element ${index} of input "${name}" is ${values[index]!}, which JSON cannot carry exactly as ${type.datatype}.`,
      );
  const data = type.allocate(values.length);
  if (data instanceof BigInt64Array)
    for (let index = 0; index < values.length; index++) data[index] = BigInt(values[index]!);
  else data.set(values);
  return data;
}

/** One addition an element: the sum of float32 values, in doubles, is finite where all of them are, and only there. */
function isAllFinite(values: Float32Array): boolean {
  let sum = 0;
  for (const value of values) sum += value;
  return Number.isFinite(sum);
}

function fromField(
  name: string,
  type: WireType,
  { field, elements }: Extract<Content, { form: 'field' }>,
): ReturnType<WireType['allocate']> {
  if (field !== type.field)
    throw badRequest(
      `input "${name}" of ${type.datatype} comes in ${field}; it must come in ${type.field!} or raw_input_contents.`,
    );
  const data = type.allocate(elements.length);
  for (let index = 0; index < elements.length; index++) {
    const element = elements[index]!;
    if (typeof element !== 'bigint' && type.bytes === 1 && !type.accepts!(Number(element)))
      throw badRequest(
        `element ${index} of input "${name}" is ${element}, which is not ${type.datatype}.`,
      );
    (data as Record<number, number | bigint>)[index] =
      typeof element === 'boolean' ? Number(element) : element;
  }
  return data;
}
