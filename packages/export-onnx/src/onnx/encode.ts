import { dtypeCodes } from './dtype.ts';
import type {
  Attribute,
  Dim,
  FunctionDefinition,
  Graph,
  Initializer,
  Model,
  Node,
  StoredInitializer,
  ValueInfo,
} from './model.ts';
import type { Allocate } from './scratch.ts';
import { byteLengthOf, type TensorData } from './tensor-data.ts';
import * as wire from './wire.ts';

// Field numbers: onnx/onnx.proto, frozen since IR version 3 for all that is used here.

/** Where a tensor's bytes are if not in the model file itself. */
export interface ExternalLocation {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** Initializers that live in another file, by name. */
export type ExternalTensors = ReadonlyMap<string, ExternalLocation>;

/** ModelProto. */
export function encodeModel(model: Model, external: ExternalTensors = new Map()): wire.Message {
  return wire.message([
    wire.integer(1, model.irVersion),
    ...said(2, model.producerName),
    ...said(3, model.producerVersion),
    wire.nested(7, encodeGraph(model.graph, external)),
    ...(model.opset === 0 ? [] : [encodeOpset('', model.opset)]),
    ...Object.entries(model.otherOpsets ?? {}).map(([domain, version]) =>
      encodeOpset(domain, version),
    ),
    ...Object.entries(model.metadata).map(([key, value]) =>
      wire.nested(14, stringPair(key, value)),
    ),
    ...(model.functions ?? []).map((definition) => wire.nested(25, encodeFunction(definition))),
    ...carried(model),
  ]);
}

function carried({ rest }: { readonly rest?: Uint8Array }): readonly Uint8Array[] {
  return rest === undefined ? [] : [rest];
}

/** A text, left out where it is empty. */
function said(field: number, text: string): readonly Uint8Array[] {
  return text === '' ? [] : [wire.text(field, text)];
}

function encodeOpset(domain: string, version: number): wire.Message {
  return wire.nested(8, wire.message([wire.text(1, domain), wire.integer(2, version)]));
}

function encodeFunction(definition: FunctionDefinition): wire.Message {
  return wire.message([
    wire.text(1, definition.name),
    ...definition.inputs.map((name) => wire.text(4, name)),
    ...definition.outputs.map((name) => wire.text(5, name)),
    ...definition.nodes.map((node) => wire.nested(7, encodeNode(node))),
    wire.text(10, definition.domain),
    ...carried(definition),
  ]);
}

function encodeGraph(graph: Graph, external: ExternalTensors): wire.Message {
  return wire.message(graphFields(graph, external));
}

/** Field by field, so that what thousands of layers are encoded by is let go on the way. */
function* graphFields(
  graph: Graph,
  external: ExternalTensors,
): Generator<wire.Message | Uint8Array> {
  for (const node of graph.nodes) yield wire.nested(1, encodeNode(node));
  yield* said(2, graph.name);
  for (const tensor of graph.initializers)
    yield wire.nested(5, encodeInitializer(tensor, external));
  yield* (graph.storedInitializers ?? []).map(encodeStored);
  for (const value of graph.inputs) yield wire.nested(11, encodeValue(value));
  for (const value of graph.outputs) yield wire.nested(12, encodeValue(value));
  for (const value of graph.valueInfo) yield wire.nested(13, encodeValue(value));
  yield* carried(graph);
}

function encodeNode(node: Node): wire.Message {
  return wire.message([
    ...node.inputs.map((name) => wire.text(1, name)),
    ...node.outputs.map((name) => wire.text(2, name)),
    ...said(3, node.name),
    wire.text(4, node.opType),
    ...Object.entries(node.attributes).map(([name, attribute]) =>
      wire.nested(5, encodeAttribute(name, attribute)),
    ),
    ...said(7, node.domain ?? ''),
    ...carried(node),
  ]);
}

function encodeAttribute(name: string, attribute: Attribute): wire.Message {
  const head = wire.text(1, name);
  const typed = (type: number, ...fields: (wire.Message | Uint8Array)[]): wire.Message =>
    wire.message([head, ...fields, wire.integer(20, type), ...carried(attribute)]);
  switch (attribute.type) {
    case 'float':
      return typed(1, wire.float32(2, attribute.value));
    case 'int':
      return typed(2, wire.integer(3, attribute.value));
    case 'string':
      return typed(3, wire.text(4, attribute.value));
    case 'tensor':
      return typed(4, wire.nested(5, encodeTensor(attribute.value, attribute.tensorName)));
    case 'graph':
      return typed(5, wire.nested(6, encodeGraph(attribute.value, new Map())));
    case 'floats':
      return typed(6, wire.floats32(7, attribute.value));
    case 'ints':
      return typed(7, wire.integers(8, attribute.value));
    case 'strings':
      return typed(8, ...attribute.value.map((value) => wire.text(9, value)));
    case 'tensors':
      return typed(
        9,
        ...attribute.value.map((value) => wire.nested(10, encodeTensor(value, undefined))),
      );
    case 'graphs':
      return typed(
        10,
        ...attribute.value.map((value) => wire.nested(11, encodeGraph(value, new Map()))),
      );
    case 'other':
      return wire.message([head, attribute.value]);
  }
}

function encodeStored({ isSparse, bytes }: StoredInitializer): Uint8Array {
  return wire.bytes(isSparse ? 15 : 5, bytes);
}

function encodeInitializer(initializer: Initializer, external: ExternalTensors): wire.Message {
  const { name, data } = initializer;
  const place = external.get(name);
  if (place === undefined) return wire.message([encodeTensor(data, name), ...carried(initializer)]);
  return wire.message([
    wire.integers(1, data.shape),
    wire.integer(2, dtypeCodes[data.dtype]),
    wire.text(8, name),
    wire.nested(13, stringPair('location', place.location)),
    wire.nested(13, stringPair('offset', String(place.offset))),
    wire.nested(13, stringPair('length', String(place.length))),
    wire.integer(14, 1),
  ]);
}

function encodeTensor(data: TensorData, name: string | undefined): wire.Message {
  return wire.message([
    wire.integers(1, data.shape),
    wire.integer(2, dtypeCodes[data.dtype]),
    ...(name === undefined ? [] : [wire.text(8, name)]),
    wire.lazyBytes(9, {
      byteLength: byteLengthOf(data),
      read: (allocate) => rawBytes(data, allocate),
      ...(data.prepare && { prepare: data.prepare }),
    }),
  ]);
}

/** The elements' bytes, little-endian as every host of ours is. */
export function rawBytes(data: TensorData, allocate?: Allocate): Uint8Array {
  const elements = data.read(allocate);
  return new Uint8Array(elements.buffer as ArrayBuffer, elements.byteOffset, elements.byteLength);
}

function encodeValue(value: ValueInfo): wire.Message {
  return wire.message([wire.text(1, value.name), ...typeOf(value), ...carried(value)]);
}

function typeOf(value: ValueInfo): readonly (wire.Message | Uint8Array)[] {
  if (value.type === undefined) return [encodeType(value)];
  return value.type.length === 0 ? [] : [wire.bytes(2, value.type)];
}

function encodeType({ dtype, shape }: ValueInfo): wire.Message {
  const dims = shape?.map((dim) => wire.nested(1, wire.message(encodeDim(dim))));
  const tensorType = wire.message([
    wire.integer(1, dtype),
    ...(dims === undefined ? [] : [wire.nested(2, wire.message(dims))]),
  ]);
  return wire.nested(2, wire.message([wire.nested(1, tensorType)]));
}

function encodeDim(dim: Dim): readonly Uint8Array[] {
  if (typeof dim === 'number') return [wire.integer(1, dim)];
  return dim === '' ? [] : [wire.text(2, dim)];
}

function stringPair(key: string, value: string): wire.Message {
  return wire.message([wire.text(1, key), wire.text(2, value)]);
}
