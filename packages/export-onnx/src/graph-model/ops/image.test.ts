import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { exportOnnx } from '../../../test/checked-export.ts';
import { attr, graphModel, placeholder } from '../../../test/graph-def.ts';
import { held } from '../../../test/small-graphs.ts';

it('ResizeBilinear of steep images is off by what float32 makes of a place', async () => {
  const [height, width, tall, wide] = [7, 5, 9, 8];
  const artifacts = graphModel(
    [
      placeholder('x', 'float32', [1, height, width, 1]),
      {
        name: 'y',
        op: 'ResizeBilinear',
        input: ['x', 'size'],
        attr: { half_pixel_centers: attr.bool(true) },
      },
    ],
    [held('size', 'int32', [2], tall, wide)],
    { y: 'y:0' },
  );
  const steep = 1000;
  const image = Float32Array.from({ length: height * width }, (_, at) =>
    at % 2 === 0 ? steep : -steep,
  );
  const session = await ort.InferenceSession.create(exportOnnx(artifacts).bytes);
  const { y } = await session.run({ x: new ort.Tensor('float32', image, [1, height, width, 1]) });
  const came = y!.data as Float32Array;
  // A place (i + ½) / scale − ½ is three roundings of at most 2^-24 of a side; neighbours are 2 · steep apart. The mean of four
  // values is eight roundings.
  const bound = (3 * (height + width) * 2 * steep + 8 * steep) * 2 ** -24;
  for (let row = 0; row < tall; row++)
    for (let column = 0; column < wide; column++) {
      const [down, right] = [place(row, height, tall), place(column, width, wide)];
      const at = (i: number, j: number): number =>
        image[Math.min(i, height - 1) * width + Math.min(j, width - 1)]!;
      const mix = (i: number): number =>
        at(i, right.low) * (1 - right.share) + at(i, right.low + 1) * right.share;
      const want = mix(down.low) * (1 - down.share) + mix(down.low + 1) * down.share;
      expect(Math.abs(came[row * wide + column]! - want)).toBeLessThan(bound);
    }
});

/** Where a pixel of the result lies, in float64: between `low` and the next. */
function place(index: number, from: number, to: number): { low: number; share: number } {
  const exact = Math.max(0, ((index + 0.5) * from) / to - 0.5);
  const low = Math.floor(exact);
  return { low, share: exact - low };
}
