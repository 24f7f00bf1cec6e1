import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../test/checked-export.ts';
import { attr, graphModel, placeholder, type GraphNode } from '../../test/graph-def.ts';
import { float, held, shareOfGate } from '../../test/small-graphs.ts';
import { isGraphModel, readOnnx, type GraphModelArtifacts } from '../index.ts';

describe('files', () => {
  const nodes: readonly GraphNode[] = [
    placeholder('x', 'float32', [-1, 4]),
    { name: 'block/mul', op: 'MatMul', input: ['x', 'w'], attr: { transpose_b: attr.bool(true) } },
    { name: 'block/out', op: 'Softmax', input: ['block/mul', '^x'] },
  ];
  const weights = [held('w', 'float32', [2, 4], 1, 2, 3, 4, -1, 0.5, 0, 2)];
  const plainModel = graphModel(nodes, weights, { 'scores:0': 'block/out:0' });
  const bytesOf = (artifacts: GraphModelArtifacts): string =>
    Buffer.from(exportOnnx(artifacts).bytes).toString('base64');

  it('are taken for what they are, with and without a format', () => {
    const old = { ...plainModel, format: undefined };
    expect([plainModel, old].map(isGraphModel)).toEqual([true, true]);
    expect(bytesOf(old)).toBe(bytesOf(plainModel));
    expect(exportOnnx(plainModel)).toMatchObject({
      inputs: [{ name: 'x', shape: ['N', 4] }],
      outputs: [{ name: 'scores', shape: ['N', 2] }],
    });
  });

  it('have their signature in either place, or none', () => {
    const { signature, ...bare } = plainModel;
    expect(bytesOf({ ...bare, userDefinedMetadata: { signature: signature! } })).toBe(
      bytesOf(plainModel),
    );
    expect(exportOnnx(bare).outputs.map(({ name }) => name)).toEqual(['block_out']);
  });

  it('are written in two dialects', () => {
    const conv: readonly GraphNode[] = [
      placeholder('x', 'float32', [1, 5, 5, 2]),
      {
        name: 'y',
        op: 'Conv2D',
        input: ['x', 'w'],
        attr: {
          strides: attr.ints([1, 2, 2, 1]),
          padding: attr.text('SAME'),
          data_format: attr.text('NHWC'),
        },
      },
    ];
    const kernel = [
      held(
        'w',
        'float32',
        [3, 3, 2, 1],
        ...Array.from({ length: 18 }, (_, index) => index / 9 - 1),
      ),
    ];
    const modern = graphModel(conv, kernel, { y: 'y:0' });
    const old = JSON.parse(JSON.stringify(modern.modelTopology)) as {
      node: { op: string; attr: Record<string, object> }[];
    };
    for (const node of old.node)
      for (const [key, value] of Object.entries(node.attr)) {
        const { s, type, list } = value as { s?: string; type?: string; list?: { i: string[] } };
        if (s !== undefined)
          node.attr[key] = { s: Array.from(atob(s), (letter) => letter.charCodeAt(0)) };
        if (type !== undefined) node.attr[key] = { type: 1 };
        if (list !== undefined) node.attr[key] = { list: { i: list.i.map(Number) } };
      }
    expect(bytesOf({ ...modern, modelTopology: old })).toBe(bytesOf(modern));
  });

  it('have their weights in shards, quantized, and beside texts that nobody reads', async () => {
    const bytes = new Uint8Array(plainModel.weightData as ArrayBuffer);
    const text = Uint8Array.of(3, 0, 0, 0, 97, 98, 99);
    const sharded = {
      ...plainModel,
      weightSpecs: [
        { name: 'label', dtype: 'string', shape: [1] } as never,
        ...plainModel.weightSpecs,
      ],
      weightData: [text.buffer, bytes.slice(0, 5).buffer, bytes.slice(5).buffer],
    };
    expect(bytesOf(sharded)).toBe(bytesOf(plainModel));
    for (const [dtype, codes] of [
      ['uint8', Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7])],
      ['uint16', Uint16Array.from([0, 1, 2, 3, 4, 5, 6, 7])],
      ['float16', Uint16Array.from([0x3c00, 0xc000, 0x3800, 0, 0x3c00, 0x4000, 0xb800, 0x3400])],
    ] as const) {
      const quantization = dtype === 'float16' ? { dtype } : { dtype, scale: 0.5, min: -1 };
      const artifacts = {
        ...plainModel,
        weightSpecs: [{ ...plainModel.weightSpecs[0]!, quantization }],
        weightData: codes.slice().buffer,
      };
      expect(
        await shareOfGate(artifacts, [{ x: float([2, 4], 1, 2, 3, 4, -1, 0, 1, 2) }]),
      ).toBeLessThan(1);
    }
  });

  it('take shapes that they leave open, and contradict wrong ones', () => {
    const open = graphModel(
      [placeholder('x', 'float32', [-1, -1, -1, 3]), { name: 'y', op: 'Relu', input: ['x'] }],
      [],
      { y: 'y:0' },
    );
    expect(exportOnnx(open).inputs[0]!.shape).toEqual(['N', 'x_dim1', 'x_dim2', 3]);
    expect(exportOnnx(open, { inputShapes: { x: [1, 8, 8, 3] } }).outputs[0]!.shape).toEqual([
      1, 8, 8, 3,
    ]);
    expect(() => exportOnnx(open, { inputShapes: { x: [1, 8, 8, 4] } })).toThrow(
      'Change open dimensions (-1) only',
    );
  });

  it('carry known shapes through what computes them', () => {
    const artifacts = graphModel(
      [
        placeholder('x', 'float32', [-1, 6, 4]),
        { name: 'shape', op: 'Shape', input: ['x'] },
        {
          name: 'batch',
          op: 'StridedSlice',
          input: ['shape', 'zero', 'one', 'one'],
          attr: { shrink_axis_mask: attr.int(1) },
        },
        {
          name: 'target',
          op: 'Pack',
          input: ['batch', 'three', 'eight'],
          attr: { axis: attr.int(0) },
        },
        { name: 'y', op: 'Reshape', input: ['x', 'target'] },
      ],
      [
        held('zero', 'int32', [1], 0),
        held('one', 'int32', [1], 1),
        held('three', 'int32', [], 3),
        held('eight', 'int32', [], 8),
      ],
      { y: 'y:0' },
    );
    const { bytes, outputs } = exportOnnx(artifacts);
    expect(outputs[0]!.shape).toEqual(['N', 3, 8]);
    expect(readOnnx(bytes).nodes.map(({ opType }) => opType)).toEqual(['Reshape']);
  });

  it('options of the other kind of model are refused', () => {
    expect(() => exportOnnx(plainModel, { exposeStates: true })).toThrow(
      'exposeStates is an option for a layers model',
    );
  });
});
