import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../test/checked-export.ts';
import { attr, graphModel, placeholder } from '../../test/graph-def.ts';
import { held } from '../../test/small-graphs.ts';
import { ExportError, type GraphModelArtifacts } from '../index.ts';

describe('what cannot be exported', () => {
  const refusal = (artifacts: GraphModelArtifacts, options = {}): ExportError => {
    try {
      exportOnnx(artifacts, options);
    } catch (error) {
      if (error instanceof ExportError) return error;
      throw error;
    }
    throw new Error('it was exported');
  };
  const artifacts = graphModel(
    [
      placeholder('x', 'float32', [2, 4, 4, 2]),
      { name: 'spectrum', op: 'FFT', input: ['x'] },
      { name: 'table', op: 'HashTableV2', input: [] },
      {
        name: 'pool',
        op: 'MaxPool',
        input: ['x'],
        attr: {
          ksize: attr.ints([1, 1, 2, 2]),
          strides: attr.ints([1, 1, 2, 2]),
          padding: attr.text('VALID'),
          data_format: attr.text('NCHW'),
        },
      },
      {
        name: 'norm',
        op: 'FusedBatchNormV3',
        input: ['x', 'one', 'one', 'none', 'none'],
        attr: { is_training: attr.bool(true) },
      },
      { name: 'mine', op: 'MyOwnOp', input: ['pool'] },
      { name: 'fine', op: 'Relu', input: ['x'] },
      { name: 'all', op: 'AddN', input: ['spectrum', 'mine', 'norm', 'table'] },
    ],
    [held('one', 'float32', [2], 1, 1), held('none', 'float32', [0])],
    { all: 'all:0', fine: 'fine:0' },
  );

  it('is a band of what is no matrix', () => {
    const error = refusal(
      graphModel(
        [
          placeholder('x', 'float32', [3]),
          { name: 'band', op: 'MatrixBandPart', input: ['x', 'width', 'width'] },
        ],
        [held('width', 'int32', [], 1)],
        { y: 'band:0' },
      ),
    );
    expect(error.message).toContain(
      'its input 0 has rank 1; it takes rank 2 or more. Convert the model again.',
    );
  });

  it('is said in one error, all of it, with what to do', () => {
    const error = refusal(artifacts);
    expect(error.code).toBe('unsupported-model');
    expect(error.layers.map(({ className }) => className).toSorted()).toEqual([
      'FFT',
      'FusedBatchNormV3',
      'HashTableV2',
      'MaxPool',
      'MyOwnOp',
    ]);
    expect(error.message).toMatchInlineSnapshot(`
      "Cannot export these 5 operations:
      - "spectrum" (FFT): ONNX has no complex numbers. Cut the model before it (cutAt), or convert the model without it.
      - "pool" (MaxPool): tfjs computes MaxPool with data_format "NCHW" as if it were NHWC. Convert the model with NHWC.
      - "mine" (MyOwnOp): there is no converter for it. tfjs 4.22 may not know it either; OPS.md of export-onnx lists the operations. Cut the model before it (cutAt), or convert the model without it.
      - "norm" (FusedBatchNormV3): FusedBatchNormV3 that computes its mean from the input (as tf.keras makes LayerNormalization) is NaN in tfjs. Convert the model for inference, or replace the layer.
      - "table" (HashTableV2): hash tables have no counterpart among the standard operators of ONNX. Look the values up before the model, and convert the rest."
    `);
  });

  it('is a slice of which tfjs takes the wrong elements', () => {
    const slice = (strides: readonly number[], shrunk: number) =>
      graphModel(
        [
          placeholder('x', 'float32', [4, 6]),
          {
            name: 'y',
            op: 'StridedSlice',
            input: ['x', 'begin', 'end', 'strides'],
            attr: { shrink_axis_mask: attr.int(shrunk) },
          },
        ],
        [
          held('begin', 'int32', [2], 0, 0),
          held('end', 'int32', [2], 4, 1),
          held('strides', 'int32', [2], ...strides),
        ],
        { y: 'y:0' },
      );
    expect(refusal(slice([2, 1], 2)).message).toContain('single places and strides at once');
    for (const right of [slice([1, 1], 2), slice([2, 1], 0)])
      expect(exportOnnx(right).outputs).toHaveLength(1);
  });

  it('does not matter behind a cut', () => {
    expect(exportOnnx(artifacts, { cutAt: ['fine'] }).outputs.map(({ name }) => name)).toEqual([
      'fine',
    ]);
  });

  it.each([
    [
      'a loop without an end',
      [
        { name: 'a', op: 'Relu', input: ['b'] },
        { name: 'b', op: 'Relu', input: ['a'] },
      ],
      'b:0',
    ],
    ['an input that there is not', [{ name: 'b', op: 'Relu', input: ['nowhere'] }], 'b:0'],
    [
      'an output that there is not',
      [{ name: 'b', op: 'Relu', input: ['b0'] }, placeholder('b0', 'float32', [1])],
      'c:0',
    ],
  ] as const)('%s is a typed error', (_, nodes, output) => {
    const { code } = refusal(graphModel(nodes, [], { y: output }));
    expect(['invalid-topology', 'unsupported-model']).toContain(code);
  });
});
