import { channelsFirst } from '../../graph/layout.ts';
import { cast } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import { int, string, type Dim } from '../../onnx/model.ts';
import { float32 } from '../../onnx/tensor-data.ts';
import { emits, exact, input, stored, type OpConverters } from '../op.ts';
import { floatInput, mustBeLast } from './windows.ts';

// Channels of blocks side by side: DCR on channels first
const depthToSpace = emits((call) => {
  mustBeLast(call);
  const { attributes, graph, dims } = call;
  const x = channelsFirst(graph, stored(call, 0));
  const block = attributes.int('block_size');
  const channels = exact(x.shape, -1, 'the number of channels') / (block * block);
  if (!(block > 1) || !Number.isInteger(channels))
    throw new Refusal(`its block_size is ${block}`, 'Convert the model again.');
  const [batch, height, width] = x.shape as [Dim, Dim, Dim];
  const shape = [batch, dims.multiply(height, block), dims.multiply(width, block), channels];
  const spec = { dtype: x.dtype, shape, layout: 'channelsFirst' } as const;
  return graph.op('DepthToSpace', [x], spec, { blocksize: int(block) });
});

/** How many times as large each side becomes, where a float32 gives that size, however it is rounded; it saves computing sizes. */
function factorsOf(from: readonly Dim[], to: readonly Dim[]): readonly number[] | undefined {
  const factors = to.map((size, side) => {
    const given = from[side]!;
    if (typeof size !== 'number' || typeof given !== 'number') return undefined;
    const factor = Math.fround(size / given);
    const isRight = [factor * given, Math.fround(factor * given)].every(
      (product) => Math.floor(product) === size,
    );
    return isRight ? factor : undefined;
  });
  return factors.every((factor) => factor !== undefined) ? factors : undefined;
}

/** The two ways to sample that tfjs has. */
const resize = (mode: 'linear' | 'nearest') =>
  emits((call) => {
    const { attributes, graph, dims } = call;
    const x = channelsFirst(graph, cast(graph, floatInput(call, 4), 'float32'));
    const [batch, , , channels] = x.shape as [Dim, Dim, Dim, Dim];
    const wanted = input(call, 1).known;
    if (wanted?.length !== 2)
      throw new Refusal(
        'its size is computed as it runs',
        'Convert the model with a constant size.',
      );
    const [height, width] = wanted as [Dim, Dim];
    const isHalf = attributes.boolean('half_pixel_centers', false);
    const isAligned = attributes.boolean('align_corners', false);
    const factors = factorsOf(x.shape.slice(1, 3), [height, width]);
    const size =
      factors === undefined
        ? [undefined, dims.vector(graph, [batch, channels, height, width])]
        : [graph.constant(`scales_${factors.join('_')}`, float32([4], [1, 1, ...factors]))];
    const spec = {
      dtype: 'float32',
      shape: [batch, height, width, channels],
      layout: 'channelsFirst',
    } as const;
    return graph.op('Resize', [x, undefined, ...size], spec, {
      coordinate_transformation_mode: string(
        isHalf ? 'half_pixel' : isAligned ? 'align_corners' : 'asymmetric',
      ),
      mode: string(mode),
      ...(mode === 'nearest' && {
        nearest_mode: string(isHalf || isAligned ? 'round_prefer_ceil' : 'floor'),
      }),
    });
  });

export const images: OpConverters = {
  DepthToSpace: depthToSpace,
  ResizeBilinear: resize('linear'),
  ResizeNearestNeighbor: resize('nearest'),
};
