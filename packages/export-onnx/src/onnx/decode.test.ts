import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import {
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  type ModelProto,
  type TensorProto,
} from 'onnx-buf';
import { beforeAll, describe, expect, it } from 'vitest';
import { architectures } from '../../test/architectures.ts';
import { exportOnnx } from '../../test/checked-export.ts';
import { compareWithFile } from '../../test/independent-reader.ts';
import { artifactsOf, randomizeWeights } from '../../test/tfjs.ts';
import { ExportError } from '../index.ts';
import { decodeModel } from './decode.ts';
import { encodeModel } from './encode.ts';
import { bytesOf } from './file.ts';
import type { TypedArray } from './dtype.ts';
import type { Attribute } from './model.ts';

const mutants = process.env['TIER'] === 'long' ? 100_000 : 1000;
const bytesFrom = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);
const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

function floatTensor(name: string, ...values: number[]) {
  return { name, dims: [BigInt(values.length)], dataType: DataType.FLOAT, floatData: values };
}

/** Made by onnx-buf: every kind of attribute and of constant that the format has. */
function zoo(): ModelProto {
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

/** Numbers of a tensor lie in one of several fields; we write one. */
function normal(model: ModelProto): ModelProto {
  const views: Readonly<Record<number, ((tensor: TensorProto) => TypedArray) | undefined>> = {
    [DataType.FLOAT]: (tensor) => Float32Array.from(tensor.floatData),
    [DataType.INT64]: (tensor) => BigInt64Array.from(tensor.int64Data),
    [DataType.BOOL]: (tensor) => Uint8Array.from(tensor.int32Data),
    [DataType.FLOAT16]: (tensor) => Uint16Array.from(tensor.int32Data),
  };
  const attributes = model.graph!.node.flatMap(({ attribute }) => attribute);
  const tensors = [
    ...model.graph!.initializer,
    ...attributes.flatMap(({ t, tensors: list }) => (t === undefined ? list : [t])),
  ];
  for (const tensor of tensors) {
    const view = views[tensor.dataType];
    if (view === undefined || tensor.rawData.length > 0) continue;
    tensor.rawData = new Uint8Array(view(tensor).buffer as ArrayBuffer);
    tensor.floatData = [];
    tensor.int32Data = [];
    tensor.int64Data = [];
  }
  model.graph!.initializer.sort((a, b) => (a.name < b.name ? -1 : 1));
  return model;
}

const rewritten = (bytes: Uint8Array): Uint8Array => bytesOf(encodeModel(decodeModel(bytes)));

describe('decodeModel', () => {
  it('loses nothing of any message that onnx-buf can make', () => {
    const bytes = toBinary(ModelProtoSchema, zoo());
    const back = fromBinary(ModelProtoSchema, rewritten(bytes));
    expect(normal(back)).toEqual(normal(zoo()));
  });

  it('keeps fields of versions to come', () => {
    const bytes = Buffer.concat([
      toBinary(ModelProtoSchema, zoo()),
      // Field 999, three bytes; field 1000, a number.
      bytesFrom(0xba, 0x3e, 3, 1, 2, 3, 0xc0, 0x3e, 9),
    ]);
    expect([...decodeModel(bytes).rest!.subarray(-9)]).toEqual([...bytes.subarray(-9)]);
  });

  it('reads each kind of attribute as what it is', () => {
    const { attributes } = decodeModel(toBinary(ModelProtoSchema, zoo())).graph.nodes[0]!;
    const kinds = Object.entries(attributes).map(([name, { type }]: [string, Attribute]) => [
      name,
      type,
    ]);
    const others = ['big', 'bytes', 'double', 'sparse', 'type', 'reference'];
    const aliases: Record<string, string> = { empty: 'ints' };
    expect(kinds).toEqual(
      kinds.map(([name]) => [name, others.includes(name!) ? 'other' : (aliases[name!] ?? name)]),
    );
  });

  it('merges a graph that comes in two parts, as protobuf does', () => {
    const part = (name: string): Uint8Array =>
      toBinary(ModelProtoSchema, create(ModelProtoSchema, { graph: { node: [{ name }] } }));
    const { graph } = decodeModel(Buffer.concat([part('a'), part('b')]));
    expect(graph.nodes.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('a flipped attribute is found by the comparison with onnx-buf', () => {
    const bytes = exportedBytes;
    const model = decodeModel(bytes);
    const [node, ...others] = model.graph.nodes;
    const changed = {
      ...node!,
      attributes: { perm: { type: 'ints', value: [0, 3, 2, 1] } },
    } as const;
    expect(() => {
      compareWithFile({ ...model, graph: { ...model.graph, nodes: [changed, ...others] } }, bytes);
    }).toThrow('strictly deep-equal');
  });
});

async function exported(name: string): Promise<Uint8Array> {
  const model = architectures[name]!();
  randomizeWeights(model, 1);
  return exportOnnx(await artifactsOf(model)).bytes;
}

let exportedBytes: Uint8Array;
let smallBytes: Uint8Array;
beforeAll(async () => {
  exportedBytes = await exported('U-Net');
  smallBytes = await exported('autoencoder');
});

/** Field `number` with these bytes. */
function field(number: number, content: Uint8Array): Uint8Array {
  const head: number[] = [];
  for (let rest of [number * 8 + 2, content.length]) {
    for (; rest > 127; rest = Math.floor(rest / 128)) head.push((rest % 128) | 128);
    head.push(rest);
  }
  return Buffer.concat([Uint8Array.from(head), content]);
}

function nestedGraphs(depth: number): Uint8Array {
  let graph: Uint8Array = new Uint8Array();
  for (let level = 0; level < depth; level++)
    // Node, attribute of type graph, graph.
    graph = field(1, field(5, Buffer.concat([field(6, graph), bytesFrom(0xa0, 1, 5)])));
  return field(7, graph);
}

const tensorOf = (...tensor: number[]): Uint8Array => field(7, field(5, Uint8Array.from(tensor)));
const huge = [8, 255, 255, 255, 255, 255, 255, 255, 127];

describe('decodeModel refuses', () => {
  it.each<[string, Uint8Array, string, string]>([
    ['nothing', new Uint8Array(), 'invalid-onnx', 'no graph'],
    ['a field that runs past the end', bytesFrom(58, 100, 1), 'invalid-onnx', 'past the end'],
    [
      'a number without end',
      bytesFrom(8, ...Array<number>(12).fill(255)),
      'invalid-onnx',
      '64 bits',
    ],
    ['a group', bytesFrom(11), 'invalid-onnx', 'wire type 3'],
    ['graphs in graphs', nestedGraphs(40), 'invalid-onnx', 'nested deeper than 32'],
    ['ten thousand of them', nestedGraphs(10_000), 'invalid-onnx', 'nested deeper than 32'],
    ['absurd dimensions', tensorOf(...huge, ...huge, 16, 1), 'invalid-onnx', 'dimensions'],
    [
      'a negative dimension',
      tensorOf(8, ...Array<number>(9).fill(255), 1, 16, 1),
      'invalid-onnx',
      'dimensions [-1]',
    ],
    ['a shape without its bytes', tensorOf(8, 4, 16, 1), 'invalid-onnx', '0 elements'],
    ['too few bytes', tensorOf(8, 4, 16, 1, 74, 1, 0), 'invalid-onnx', '1 bytes'],
    ['too few bytes of doubles', tensorOf(8, 4, 16, 11, 74, 1, 0), 'invalid-onnx', '1 bytes'],
    ['too few strings', tensorOf(8, 4, 16, 8, 50, 1, 65), 'invalid-onnx', '1 strings'],
    ['a name that is no text', field(7, field(2, bytesFrom(255))), 'invalid-onnx', 'UTF-8'],
    ['a number where a graph belongs', bytesFrom(56, 1), 'invalid-onnx', 'field 7'],
    [
      'millions of empty nodes',
      field(
        7,
        new Uint8Array(6_000_000).map((_, i) => (i % 2 ? 0 : 10)),
      ),
      'too-large',
      'more nodes',
    ],
    [
      'millions of numbers in an attribute',
      // graph { node { attribute { ints: 0, 0, … } } }
      [8, 5, 1, 7].reduce<Uint8Array>(
        (inner, number) => field(number, inner),
        new Uint8Array(9_000_000),
      ),
      'too-large',
      'numbers in the raw data',
    ],
  ])('%s', (_, bytes, code, message) => {
    expect(() => decodeModel(bytes)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as string }),
    );
  });

  it(`what is broken among ${mutants} damaged files, and writes the others again`, () => {
    const files = [smallBytes, toBinary(ModelProtoSchema, zoo())];
    // Weights are most of a file: half of the faults go to its first kilobytes, where structure is.
    const place = (length: number): fc.Arbitrary<number> =>
      fc.oneof(fc.nat(length - 1), fc.nat(Math.min(length, 4000) - 1));
    const damaged = fc.constantFrom(...files).chain((bytes) => {
      const flips = fc.array(fc.tuple(place(bytes.length), fc.nat(255)), { maxLength: 3 });
      const cut = fc.oneof(
        { weight: 7, arbitrary: fc.constant(bytes.length) },
        { weight: 1, arbitrary: fc.nat(bytes.length) },
      );
      const added = fc.oneof(
        { weight: 7, arbitrary: fc.constant(new Uint8Array()) },
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 8 }) },
      );
      const insert = fc.tuple(place(bytes.length), added);
      return fc.tuple(flips, cut, insert).map(([changes, length, [at, added]]) => {
        const copy = Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at, length)]);
        for (const [index, value] of changes) if (index < copy.length) copy[index] = value;
        return copy;
      });
    });
    const seen = { refused: 0, read: 0 };
    fc.assert(
      fc.property(damaged, (bytes) => {
        try {
          const again = rewritten(bytes);
          expect(Buffer.compare(rewritten(again), again)).toBe(0);
          seen.read++;
        } catch (error) {
          if (!(error instanceof ExportError)) throw error;
          seen.refused++;
        }
      }),
      { numRuns: mutants, seed: 1 },
    );
    expect(Math.min(seen.refused, seen.read)).toBeGreaterThan(mutants / 10);
  }, 900_000);
});
