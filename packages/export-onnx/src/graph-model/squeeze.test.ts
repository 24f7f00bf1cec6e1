import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../test/checked-export.ts';
import { graphModel, placeholder } from '../../test/graph-def.ts';
import { runOnnx } from '../../test/run-onnx.ts';

describe('Squeeze without axes', () => {
  it.each([
    ['nothing', [-1, 3], [3]],
    ['sides of one', [-1, 1, 3, 1], [3]],
  ])('of an open batch takes %s, and never the batch', async (_, shape, rest) => {
    const artifacts = graphModel(
      [placeholder('x', 'float32', shape), { name: 'y', op: 'Squeeze', input: ['x'] }],
      [],
      { y: 'y:0' },
    );
    const { bytes } = exportOnnx(artifacts);
    for (const rows of [1, 2]) {
      const data = Float32Array.from({ length: 3 * rows }, (__, at) => at);
      const { y } = await runOnnx(bytes, { x: { data, shape: shape.with(0, rows) } });
      expect(y!.shape).toEqual([rows, ...rest]);
      expect(y!.data).toEqual(data);
    }
  });
});
