import { dtypeCodes } from './dtype.ts';
import type { Attribute, Graph, Initializer, Model, Node, ValueInfo } from './model.ts';
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
    wire.text(2, model.producerName),
    wire.text(3, model.producerVersion),
    wire.nested(7, encodeGraph(model.graph, external)),
    wire.nested(8, wire.message([wire.text(1, ''), wire.integer(2, model.opset)])),
    ...Object.entries(model.metadata).map(([key, value]) =>
      wire.nested(14, stringPair(key, value)),
    ),
  ]);
}

function encodeGraph(graph: Graph, external: ExternalTensors): wire.Message {
  return wire.message([
    ...graph.nodes.map((node) => wire.nested(1, encodeNode(node))),
    wire.text(2, graph.name),
    ...graph.initializers.map((tensor) => wire.nested(5, encodeInitializer(tensor, external))),
    ...graph.inputs.map((value) => wire.nested(11, encodeValue(value))),
    ...graph.outputs.map((value) => wire.nested(12, encodeValue(value))),
    ...graph.valueInfo.map((value) => wire.nested(13, encodeValue(value))),
  ]);
}

function encodeNode(node: Node): wire.Message {
  return wire.message([
    ...node.inputs.map((name) => wire.text(1, name)),
    ...node.outputs.map((name) => wire.text(2, name)),
    wire.text(3, node.name),
    wire.text(4, node.opType),
    ...Object.entries(node.attributes).map(([name, attribute]) =>
      wire.nested(5, encodeAttribute(name, attribute)),
    ),
  ]);
}

function encodeAttribute(name: string, attribute: Attribute): wire.Message {
  const head = wire.text(1, name);
  const typed = (type: number, ...fields: (wire.Message | Uint8Array)[]): wire.Message =>
    wire.message([head, ...fields, wire.integer(20, type)]);
  switch (attribute.type) {
    case 'float':
      return typed(1, wire.float32(2, attribute.value));
    case 'int':
      return typed(2, wire.integer(3, attribute.value));
    case 'string':
      return typed(3, wire.text(4, attribute.value));
    case 'tensor':
      return typed(4, wire.nested(5, encodeTensor(attribute.value)));
    case 'graph':
      return typed(5, wire.nested(6, encodeGraph(attribute.value, new Map())));
    case 'floats':
      return typed(6, wire.floats32(7, attribute.value));
    case 'ints':
      return typed(7, wire.integers(8, attribute.value));
    case 'strings':
      return typed(8, ...attribute.value.map((value) => wire.text(9, value)));
  }
}

function encodeInitializer({ name, data }: Initializer, external: ExternalTensors): wire.Message {
  const place = external.get(name);
  if (place === undefined) return encodeTensor(data, name);
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

function encodeTensor(data: TensorData, name?: string): wire.Message {
  return wire.message([
    wire.integers(1, data.shape),
    wire.integer(2, dtypeCodes[data.dtype]),
    ...(name === undefined ? [] : [wire.text(8, name)]),
    wire.lazyBytes(9, { byteLength: byteLengthOf(data), read: () => rawBytes(data) }),
  ]);
}

/** The elements' bytes, little-endian as every host of ours is. */
export function rawBytes(data: TensorData): Uint8Array {
  const elements = data.read();
  return new Uint8Array(elements.buffer as ArrayBuffer, elements.byteOffset, elements.byteLength);
}

function encodeValue({ name, dtype, shape }: ValueInfo): wire.Message {
  const dims = shape.map((dim) =>
    wire.nested(
      1,
      wire.message([typeof dim === 'number' ? wire.integer(1, dim) : wire.text(2, dim)]),
    ),
  );
  const tensorType = wire.message([wire.integer(1, dtype), wire.nested(2, wire.message(dims))]);
  return wire.message([
    wire.text(1, name),
    wire.nested(2, wire.message([wire.nested(1, tensorType)])),
  ]);
}

function stringPair(key: string, value: string): wire.Message {
  return wire.message([wire.text(1, key), wire.text(2, value)]);
}
