import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  type ModelProto,
} from 'onnx-buf';

const bytesFrom = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);
const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

function floatTensor(name: string, ...values: number[]) {
  return { name, dims: [BigInt(values.length)], dataType: DataType.FLOAT, floatData: values };
}

/** Made by onnx-buf: every kind of attribute and of constant that the format has. */
export function zoo(): ModelProto {
  const inner = {
    name: 'body',
    node: [{ opType: 'Relu', name: 'inner', input: ['captured'], output: ['r'] }],
    output: [{ name: 'r' }],
  };
  return create(ModelProtoSchema, {
    irVersion: 10n,
    producerName: 'zoo',
    domain: 'test.zoo',
    modelVersion: 7n,
    docString: 'a model of everything',
    opsetImport: [
      { domain: '', version: 18n },
      { domain: 'com.microsoft', version: 1n },
    ],
    metadataProps: [{ key: '__proto__', value: 'a key like any other' }],
    trainingInfo: [{ algorithm: { name: 'training' } }],
    functions: [
      {
        name: 'Twice',
        domain: 'local',
        input: ['x'],
        output: ['y'],
        attribute: ['a'],
        docString: 'doubles',
        node: [{ opType: 'Add', input: ['x', 'x'], output: ['y'] }],
        opsetImport: [{ domain: '', version: 18n }],
      },
    ],
    graph: {
      name: 'all\uFEFF kinds',
      docString: 'documented',
      input: [
        { name: 'x', type: { value: { case: 'tensorType', value: { elemType: 1 } } } },
        {
          name: 'list',
          type: {
            value: {
              case: 'sequenceType',
              value: { elemType: { value: { case: 'tensorType', value: { elemType: 7 } } } },
            },
          },
        },
      ],
      initializer: [
        floatTensor('floats', 1, -0, NaN),
        { name: 'raw', dims: [3n], dataType: DataType.FLOAT, rawData: new Uint8Array(12) },
        { name: 'longs', dims: [2n], dataType: DataType.INT64, int64Data: [-1n, 2n ** 62n] },
        { name: 'bools', dims: [2n], dataType: DataType.BOOL, int32Data: [1, 0] },
        { name: 'half', dims: [], dataType: DataType.FLOAT16, int32Data: [0x3c00] },
        { name: 'doubles', dims: [1n], dataType: DataType.DOUBLE, doubleData: [1 / 3] },
        { name: 'words', dims: [2n], dataType: DataType.STRING, stringData: [utf8('é'), utf8('')] },
        { name: 'int4', dims: [3n], dataType: DataType.INT4, rawData: bytesFrom(0x21, 0x03) },
        { name: 'none', dims: [0n, 5n], dataType: DataType.FLOAT },
      ],
      sparseInitializer: [
        { values: floatTensor('sparse', 1), indices: { name: 'at', dims: [1n] }, dims: [9n] },
      ],
      node: [
        {
          name: 'kinds',
          opType: 'Kinds',
          domain: 'com.microsoft',
          docString: 'why not',
          overload: 'second',
          input: ['x', '', 'raw'],
          output: ['y'],
          attribute: [
            { name: 'float', type: Kind.FLOAT, f: 0.125, docString: 'small' },
            { name: 'int', type: Kind.INT, i: -3n },
            { name: 'big', type: Kind.INT, i: -(2n ** 63n) },
            { name: 'string', type: Kind.STRING, s: utf8('text') },
            { name: 'bytes', type: Kind.STRING, s: bytesFrom(255, 254) },
            { name: 'tensor', type: Kind.TENSOR, t: floatTensor('named', 1, 2) },
            {
              name: 'double',
              type: Kind.TENSOR,
              t: { dataType: DataType.DOUBLE, doubleData: [3] },
            },
            { name: 'graph', type: Kind.GRAPH, g: inner },
            { name: 'floats', type: Kind.FLOATS, floats: [1, 2.5] },
            { name: 'ints', type: Kind.INTS, ints: [1n, -1n] },
            { name: 'empty', type: Kind.INTS },
            { name: 'strings', type: Kind.STRINGS, strings: [utf8('a'), utf8('b')] },
            {
              name: 'tensors',
              type: Kind.TENSORS,
              tensors: [{ dataType: DataType.FLOAT, floatData: [4] }],
            },
            { name: 'graphs', type: Kind.GRAPHS, graphs: [inner, inner] },
            {
              name: 'sparse',
              type: Kind.SPARSE_TENSOR,
              sparseTensor: { values: floatTensor('', 1), dims: [2n] },
            },
            { name: 'type', type: Kind.TYPE_PROTO, tp: { denotation: 'IMAGE' } },
            { name: 'reference', type: Kind.INT, refAttrName: 'a' },
          ],
        },
      ],
      output: [
        {
          name: 'y',
          docString: 'an answer',
          type: {
            denotation: 'TENSOR',
            value: {
              case: 'tensorType',
              value: {
                elemType: 1,
                shape: {
                  dim: [
                    { value: { case: 'dimParam', value: 'N' }, denotation: 'DATA_BATCH' },
                    { value: { case: 'dimValue', value: 3n } },
                    {},
                  ],
                },
              },
            },
          },
        },
      ],
      quantizationAnnotation: [{ tensorName: 'raw' }],
    },
  });
}
