import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../test/checked-export.ts';
import { attr, graphModel, placeholder, type GraphNode } from '../../test/graph-def.ts';
import { graphInputs } from '../../test/graph-models.ts';
import { func, held, shareOfGate } from '../../test/small-graphs.ts';
import { readOnnx, type GraphModelArtifacts } from '../index.ts';

const waves = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, index) => Math.sin(seed + index * 1.7));

interface Pieces {
  readonly op?: 'Conv2D' | 'DepthwiseConv2dNative';
  readonly size?: readonly [height: number, width: number];
  readonly blocks: readonly [number, number];
  readonly joined?: readonly [number, number];
  readonly pads?: readonly [number, number, number, number];
  readonly crops?: readonly [number, number, number, number];
  readonly strides?: number;
}

/** SpaceToBatchND, a convolution of 3 × 2, BatchToSpaceND, on images of three channels. */
function twoSides(pieces: Pieces): GraphModelArtifacts {
  const { op = 'Conv2D', size = [12, 12], blocks, joined = blocks, strides = 1 } = pieces;
  const { pads = [0, 0, 0, 0], crops = [0, 0, 0, 0] } = pieces;
  const [height, width] = size;
  return graphModel(
    [
      placeholder('x', 'float32', [2, height, width, 3]),
      { name: 'space', op: 'SpaceToBatchND', input: ['x', 'blocks', 'pads'] },
      {
        name: 'conv',
        op,
        input: ['space', 'filter'],
        attr: {
          strides: attr.ints([1, strides, strides, 1]),
          dilations: attr.ints([1, 1, 1, 1]),
          padding: attr.text('VALID'),
        },
      },
      { name: 'y', op: 'BatchToSpaceND', input: ['conv', 'joined', 'crops'] },
    ],
    [
      held('blocks', 'int32', [2], ...blocks),
      held('pads', 'int32', [2, 2], ...pads),
      held('joined', 'int32', [2], ...joined),
      held('crops', 'int32', [2, 2], ...crops),
      held('filter', 'float32', [3, 2, 3, 2], ...waves(36, 1)),
    ],
    { y: 'y:0' },
  );
}

/** The same of sequences, as Keras writes Conv1D. */
function oneSide(block: number, pads: readonly number[], crops: readonly number[]) {
  const at = (name: string, op: string, input: string[], given = {}): GraphNode => ({
    name,
    op,
    input,
    attr: given,
  });
  return graphModel(
    [
      placeholder('x', 'float32', [2, 12, 3]),
      at('space', 'SpaceToBatchND', ['x', 'blocks', 'pads']),
      at('wide', 'ExpandDims', ['space', 'axis']),
      at('conv', 'Conv2D', ['wide', 'filter'], {
        strides: attr.ints([1, 1, 1, 1]),
        dilations: attr.ints([1, 1, 1, 1]),
        padding: attr.text('VALID'),
      }),
      at('narrow', 'Squeeze', ['conv'], { squeeze_dims: attr.ints([1]) }),
      at('y', 'BatchToSpaceND', ['narrow', 'blocks', 'crops']),
    ],
    [
      held('blocks', 'int32', [1], block),
      held('pads', 'int32', [1, 2], ...pads),
      held('crops', 'int32', [1, 2], ...crops),
      held('axis', 'int32', [], -3),
      held('filter', 'float32', [1, 3, 3, 4], ...waves(36, 2)),
    ],
    { y: 'y:0' },
  );
}

const share = (artifacts: GraphModelArtifacts): Promise<number> =>
  shareOfGate(artifacts, [graphInputs(exportOnnx(artifacts).inputs, 2)]);

describe('a convolution of pieces', () => {
  it.each<[string, GraphModelArtifacts]>([
    ['of two sides', twoSides({ blocks: [2, 2] })],
    ['of other dilations', twoSides({ blocks: [2, 3] })],
    ['with pads', twoSides({ blocks: [2, 2], pads: [2, 2, 1, 1] })],
    [
      'with pads that are cropped',
      twoSides({ blocks: [3, 2], size: [10, 11], pads: [3, 5, 1, 2], crops: [0, 2, 1, 1] }),
    ],
    [
      'of each channel',
      twoSides({ op: 'DepthwiseConv2dNative', blocks: [2, 2], pads: [2, 2, 0, 2] }),
    ],
    ['of one side', oneSide(2, [0, 0], [0, 0])],
    ['of one side with pads that are cropped', oneSide(3, [2, 4], [0, 1])],
  ])('%s is one with dilations', async (_, artifacts) => {
    const kinds = readOnnx(exportOnnx(artifacts).bytes).nodes.map(({ opType }) => opType);
    expect(kinds.filter((kind) => kind === 'Conv')).toHaveLength(1);
    expect(kinds).not.toContain('Reshape');
    expect(await share(artifacts)).toBeLessThan(1);
  });

  it.each<[string, GraphModelArtifacts]>([
    ['strides', twoSides({ blocks: [2, 2], strides: 2 })],
    ['more cropped than padded', twoSides({ blocks: [2, 2], crops: [1, 0, 0, 1] })],
    ['joined otherwise', twoSides({ blocks: [2, 3], joined: [3, 2] })],
  ])('with %s stays one of pieces', async (_, artifacts) => {
    const kinds = readOnnx(exportOnnx(artifacts).bytes).nodes.map(({ opType }) => opType);
    expect(kinds).toContain('Reshape');
    expect(await share(artifacts)).toBeLessThan(1);
  });

  it('is one inside a function, too', () => {
    const ones = { strides: attr.ints([1, 1, 1, 1]), dilations: attr.ints([1, 1, 1, 1]) };
    const constants = ['blocks', 'filter', 'pads'].map((name): GraphNode => ({
      name,
      op: 'Const',
      attr: { dtype: attr.type(name === 'filter' ? 'float32' : 'int32') },
    }));
    const inner: GraphNode[] = [
      ...constants,
      { name: 'space', op: 'SpaceToBatchND', input: ['x', 'blocks:output:0', 'pads:output:0'] },
      {
        name: 'conv',
        op: 'Conv2D',
        input: ['space:output:0', 'filter:output:0'],
        attr: { ...ones, padding: attr.text('VALID') },
      },
      {
        name: 'batch',
        op: 'BatchToSpaceND',
        input: ['conv:output:0', 'blocks:output:0', 'pads:output:0'],
      },
    ];
    const artifacts = graphModel(
      [
        placeholder('x', 'float32', [2, 12, 12, 3]),
        {
          name: 'y',
          op: 'StatelessIf',
          input: ['flag', 'x'],
          attr: { then_branch: attr.func('yes'), else_branch: attr.func('yes') },
        },
      ],
      [
        held('flag', 'bool', [], 1),
        held('blocks', 'int32', [2], 2, 2),
        held('pads', 'int32', [2, 2], 0, 0, 0, 0),
        held('filter', 'float32', [3, 2, 3, 2], ...waves(36, 1)),
      ],
      { y: 'y:0' },
      [func('yes', ['x'], ['out'], inner, { out: 'batch:output:0' })],
    );
    const kinds = readOnnx(exportOnnx(artifacts).bytes).nodes.map(({ opType }) => opType);
    expect(kinds.filter((kind) => kind === 'Conv')).toHaveLength(1);
    expect(kinds).not.toContain('Reshape');
  });

  it('can be cut at what it was made of', () => {
    const { outputs } = exportOnnx(twoSides({ blocks: [2, 2] }), { cutAt: ['space', 'y'] });
    expect(outputs.map(({ name, shape }) => [name, ...shape])).toEqual([
      ['space', 8, 6, 6, 3],
      ['y', 2, 8, 10, 2],
    ]);
  });
});
