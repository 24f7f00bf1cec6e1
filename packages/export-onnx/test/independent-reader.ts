import { deepStrictEqual } from 'node:assert/strict';
import { fromBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  TensorProto_DataLocation,
  type AttributeProto,
  type GraphProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { dtypeCodes } from '../src/onnx/dtype.ts';
import { rawBytes } from '../src/onnx/encode.ts';
import type { Attribute, Graph, Model, ValueInfo } from '../src/onnx/model.ts';
import { decodeModel } from '../src/onnx/read/decode.ts';
import type { TensorData } from '../src/onnx/tensor-data.ts';

/** Bytes of the file that weights outside the model are in. */
export type ReadExternal = (offset: number, length: number) => Uint8Array;

/** Throws unless onnx-buf and our own reader find in a file what the model says, field by field. */
export function compareWithFile(
  model: Model | undefined,
  bytes: Uint8Array,
  external?: ReadExternal,
): void {
  const file = fromBinary(ModelProtoSchema, bytes);
  const theirs = {
    irVersion: Number(file.irVersion),
    producer: [file.producerName, file.producerVersion],
    opsets: file.opsetImport.map(({ domain, version }) => [domain, Number(version)]),
    metadata: file.metadataProps.map(({ key, value }) => [key, value]),
    functions: file.functions.map(({ name, domain }) => [domain, name]),
    graph: theirGraph(file.graph!, external),
  };
  if (model !== undefined) deepStrictEqual(ours(model), theirs);
  // Weights outside the file are not the reader's.
  if (external === undefined) deepStrictEqual(ours(decodeModel(bytes)), theirs);
}

function ours(model: Model): object {
  return {
    irVersion: model.irVersion,
    producer: [model.producerName, model.producerVersion],
    opsets: [['', model.opset], ...Object.entries(model.otherOpsets ?? {})],
    metadata: Object.entries(model.metadata),
    functions: (model.functions ?? []).map(({ name, domain }) => [domain, name]),
    graph: ourGraph(model.graph),
  };
}

function ourGraph(graph: Graph): object {
  return {
    name: graph.name,
    inputs: graph.inputs.map(ourValue),
    outputs: graph.outputs.map(ourValue),
    values: graph.valueInfo.map(ourValue),
    initializers: graph.initializers.map(({ name, data }) => ({ name, ...ourTensor(data) })),
    nodes: graph.nodes.map(({ name, opType, domain = '', inputs, outputs, attributes }) => ({
      kind: [domain, opType, name],
      inputs,
      outputs,
      attributes: Object.entries(attributes).map(([key, attribute]) => [
        key,
        attribute.type.toUpperCase(),
        ourAttribute(attribute),
      ]),
    })),
  };
}

function ourAttribute(attribute: Attribute): unknown {
  const { type, value } = attribute;
  if (type === 'graph') return ourGraph(value);
  if (type === 'tensor') return ourTensor(value);
  if (type === 'float') return Math.fround(value);
  return type === 'floats' ? value.map(Math.fround) : value;
}

function ourTensor(data: TensorData): object {
  return {
    dims: [...data.shape],
    dtype: dtypeCodes[data.dtype],
    bytes: Buffer.from(rawBytes(data)),
  };
}

function ourValue({ name, dtype, shape }: ValueInfo): object {
  return { name, dtype, shape };
}

function theirGraph(graph: GraphProto, external?: ReadExternal): object {
  return {
    name: graph.name,
    inputs: graph.input.map(theirValue),
    outputs: graph.output.map(theirValue),
    values: graph.valueInfo.map(theirValue),
    initializers: graph.initializer.map((tensor) => ({
      name: tensor.name,
      ...theirTensor(tensor, external),
    })),
    nodes: graph.node.map(({ name, opType, domain, input, output, attribute }) => ({
      kind: [domain, opType, name],
      inputs: input,
      outputs: output,
      attributes: attribute.map((entry) => [
        entry.name,
        typeNames[entry.type],
        theirValues[typeNames[entry.type]!]!(entry),
      ]),
    })),
  };
}

/** By AttributeProto.AttributeType. */
const typeNames: readonly string[] =
  'UNDEFINED FLOAT INT STRING TENSOR GRAPH FLOATS INTS STRINGS'.split(' ');

const theirValues: Readonly<Record<string, (attribute: AttributeProto) => unknown>> = {
  FLOAT: ({ f }) => f,
  INT: ({ i }) => Number(i),
  STRING: ({ s }) => new TextDecoder().decode(s),
  TENSOR: ({ t }) => theirTensor(t!),
  GRAPH: ({ g }) => theirGraph(g!),
  FLOATS: ({ floats }) => floats,
  INTS: ({ ints }) => ints.map(Number),
  STRINGS: ({ strings }) => strings.map((text) => new TextDecoder().decode(text)),
};

function theirTensor(tensor: TensorProto, external?: ReadExternal): object {
  const place = Object.fromEntries(tensor.externalData.map(({ key, value }) => [key, value]));
  const [offset, length] = [Number(place['offset']), Number(place['length'])];
  const bytes =
    tensor.dataLocation === TensorProto_DataLocation.EXTERNAL
      ? external!(offset, length)
      : tensor.rawData;
  return { dims: tensor.dims.map(Number), dtype: tensor.dataType, bytes: Buffer.from(bytes) };
}

function theirValue({ name, type }: ValueInfoProto): object {
  if (type?.value.case !== 'tensorType') throw new Error(`"${name}" is no tensor`);
  const { elemType, shape } = type.value.value;
  const dims = shape?.dim.map(({ value }) =>
    value.case === 'dimValue' ? Number(value.value) : (value.value ?? ''),
  );
  return { name, dtype: elemType, shape: dims };
}
