import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../test/checked-export.ts';
import { graphModel, placeholder } from '../../test/graph-def.ts';
import { held } from '../../test/small-graphs.ts';

describe('random operations', () => {
  it('draw numbers of the shape and range that they say, two draws apart', async () => {
    const artifacts = graphModel(
      [
        placeholder('logits', 'float32', [2, 3]),
        { name: 'u', op: 'RandomUniform', input: ['shape'] },
        { name: 'v', op: 'RandomUniform', input: ['shape'] },
        { name: 'n', op: 'RandomStandardNormal', input: ['shape'] },
        { name: 'i', op: 'RandomUniformInt', input: ['shape', 'low', 'high'] },
        { name: 'm', op: 'Multinomial', input: ['logits', 'samples'] },
      ],
      [
        held('shape', 'int32', [2], 20, 30),
        held('low', 'int32', [], 3),
        held('high', 'int32', [], 7),
        held('samples', 'int32', [], 50),
      ],
      { u: 'u:0', v: 'v:0', n: 'n:0', i: 'i:0', m: 'm:0' },
    );
    const session = await ort.InferenceSession.create(exportOnnx(artifacts).bytes);
    const { u, v, n, i, m } = await session.run({
      logits: new ort.Tensor('float32', [0, -100, 0, 0, 0, 0], [2, 3]),
    });
    const all = (tensor: ort.Tensor | undefined): readonly number[] =>
      Array.from(tensor!.data as Float32Array);
    expect([u, n, i, m].map((tensor) => tensor!.dims)).toEqual([
      [20, 30],
      [20, 30],
      [20, 30],
      [2, 50],
    ]);
    expect(all(u).every((value) => value >= 0 && value < 1)).toBe(true);
    expect(all(u)).not.toEqual(all(v));
    expect(Math.abs(all(n).reduce((sum, value) => sum + value, 0) / 600)).toBeLessThan(0.3);
    expect([...new Set(all(i))].toSorted()).toEqual([3, 4, 5, 6]);
    expect(all(m).slice(0, 50)).not.toContain(1);
  });
});
