import { readFields, type WireField } from './wire-reader.ts';

/** An input or output as a file declares it; undefined where it says nothing. */
export interface DeclaredTensor {
  readonly name: string;
  /** ONNX's number for the element type. */
  readonly dtype: number | undefined;
  readonly shape: readonly (number | string)[] | undefined;
}

/** What an ONNX file says about itself, without its weights. */
export interface OnnxSummary {
  readonly irVersion: number;
  readonly producerName: string;
  /** Version by domain; the standard operators have domain ''. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly graphName: string;
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
  /** Names and kinds of nodes, in the order of the file. */
  readonly nodes: readonly { readonly name: string; readonly opType: string }[];
  readonly initializers: readonly string[];
}

/**
 * Reads what `onnxruntime-node` does not tell: metadata, producer, operators. Fields that it does not know are left alone.
 * Throws `ExportError('invalid-onnx')` for bytes that are no protobuf message.
 */
export function readOnnx(bytes: Uint8Array): OnnxSummary {
  const model = group(bytes);
  const graph = group(last(model, 7) ?? new Uint8Array());
  const values = (field: number): readonly DeclaredTensor[] => many(graph, field).map(readValue);
  return {
    irVersion: number(model, 1) ?? 0,
    producerName: text(model, 2),
    opsets: Object.fromEntries(
      many(model, 8).map((opset) => [text(group(opset), 1), number(group(opset), 2) ?? 0]),
    ),
    metadata: Object.fromEntries(
      many(model, 14).map((entry) => [text(group(entry), 1), text(group(entry), 2)]),
    ),
    graphName: text(graph, 2),
    inputs: values(11),
    outputs: values(12),
    nodes: many(graph, 1).map((node) => ({
      name: text(group(node), 3),
      opType: text(group(node), 4),
    })),
    initializers: many(graph, 5).map((tensor) => text(group(tensor), 8)),
  };
}

type Fields = ReadonlyMap<number, readonly WireField[]>;

function group(message: Uint8Array): Fields {
  const fields = new Map<number, WireField[]>();
  for (const field of readFields(message)) {
    const known = fields.get(field.field);
    if (known === undefined) fields.set(field.field, [field]);
    else known.push(field);
  }
  return fields;
}

function many(fields: Fields, field: number): readonly Uint8Array[] {
  return (fields.get(field) ?? []).flatMap((entry) =>
    entry.type === 'bytes' ? [entry.value] : [],
  );
}

function last(fields: Fields, field: number): Uint8Array | undefined {
  return many(fields, field).at(-1);
}

function text(fields: Fields, field: number): string {
  return new TextDecoder().decode(last(fields, field) ?? new Uint8Array());
}

function number(fields: Fields, field: number): number | undefined {
  const entry = fields.get(field)?.at(-1);
  return entry?.type === 'varint' ? Number(BigInt.asIntN(64, entry.value)) : undefined;
}

function readValue(message: Uint8Array): DeclaredTensor {
  const value = group(message);
  const type = group(last(value, 2) ?? new Uint8Array());
  const tensor = group(last(type, 1) ?? new Uint8Array());
  const shape = last(tensor, 2);
  return {
    name: text(value, 1),
    dtype: number(tensor, 1),
    shape:
      shape && many(group(shape), 1).map((dim) => number(group(dim), 1) ?? text(group(dim), 2)),
  };
}
