import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { ModelProtoSchema } from 'onnx-buf';
import { beforeAll, describe, expect, it } from 'vitest';
import { architectures } from '../../../test/architectures.ts';
import { exportOnnx } from '../../../test/checked-export.ts';
import { compareWithFile } from '../../../test/independent-reader.ts';
import { messageText } from '../../../test/message-text.ts';
import { artifactsOf, randomizeWeights } from '../../../test/tfjs.ts';
import { zoo } from '../../../test/zoo.ts';
import { ExportError } from '../../index.ts';
import { encodeModel } from '../encode.ts';
import { bytesOf } from '../file.ts';
import type { Attribute } from '../model.ts';
import { decodeModel } from './decode.ts';

const mutants = process.env['TIER'] === 'long' ? 100_000 : 300;
const bytesFrom = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);

const rewritten = (bytes: Uint8Array): Uint8Array => bytesOf(encodeModel(decodeModel(bytes)));

describe('decodeModel', () => {
  it('loses nothing of any message that onnx-buf can make', () => {
    const bytes = toBinary(ModelProtoSchema, zoo());
    expect(messageText(rewritten(bytes))).toBe(messageText(bytes));
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
