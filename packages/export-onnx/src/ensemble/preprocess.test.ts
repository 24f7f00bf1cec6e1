import { describe, expect, it } from 'vitest';
import { bundleOf, mean } from '../../test/bundles.ts';
import { memberAnswers, membersFor } from '../../test/ensembles.ts';
import { runOnnx } from '../../test/run-onnx.ts';
import { tf } from '../../test/tfjs.ts';

const probabilities = membersFor('probabilities');

describe('preprocess', () => {
  it('does to uint8 pixels in the graph what tfjs does before the model', async () => {
    const pixels = Uint8Array.from({ length: 2 * 9 * 11 * 2 }, (_, at) => (at * 37) % 256);
    const steps = {
      layout: 'nhwc',
      resize: { height: 6, width: 6, method: 'bilinear' },
      scale: 1 / 255,
      mean: [0.4, 0.5],
      deviation: [0.2, 0.3],
    } as const;
    const given = tf.tidy(() => {
      const resized = tf.image.resizeBilinear(
        tf.tensor4d(pixels, [2, 9, 11, 2], 'float32'),
        [6, 6],
      );
      return resized
        .mul(steps.scale)
        .sub([...steps.mean])
        .div([...steps.deviation]);
    });
    const want = memberAnswers(probabilities, {
      conv_input: { data: given.dataSync<'float32'>(), shape: [2, 6, 6, 2] },
    });
    for (const form of ['fused', 'stacked', 'staged', 'separate'] as const) {
      const { bundle, manifest } = await bundleOf(probabilities, {
        policy: mean('probabilities', 4),
        form,
        preprocess: { conv_input: steps },
      });
      expect(manifest.inputs).toEqual([
        {
          name: 'conv_input',
          dtype: 'uint8',
          shape: [null, 'conv_input_height', 'conv_input_width', 2],
        },
      ]);
      const file = manifest.graph ?? manifest.stages?.[0]?.file ?? manifest.members[0]!.file!;
      const answer = await runOnnx(bundle.files.get(file)!, {
        conv_input: { data: pixels, shape: [2, 9, 11, 2] },
      });
      const members = manifest.graph === undefined ? want.slice(0, 1) : want;
      answer['probs']!.data.forEach((value, at) => {
        const expected = members.reduce(
          (sum, { probs }) => sum + probs!.data[at]! / members.length,
          0,
        );
        expect(Math.abs(value - expected)).toBeLessThan(1e-5);
      });
    }
  });

  it.each([
    [
      { layout: 'nhwc', scale: 1, mean: [1, 2, 3], deviation: [1] },
      /3 numbers as mean for 2 channels/,
    ],
    [
      {
        layout: 'nhwc',
        scale: 1,
        mean: [0],
        deviation: [1],
        resize: { height: 5, width: 6, method: 'nearest' },
      },
      /is resized to 5 × 6, but the members take 6 × 6/,
    ],
  ] as const)('refuses %j', async (steps, message) => {
    await expect(
      bundleOf(probabilities, {
        policy: mean('probabilities', 4),
        preprocess: { conv_input: steps },
      }),
    ).rejects.toThrow(message);
  });
});
