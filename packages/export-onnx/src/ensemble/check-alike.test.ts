import { describe, expect, it } from 'vitest';
import { bundleOf, mean } from '../../test/bundles.ts';
import { tf } from '../../test/tfjs.ts';

const model = (inputs: number, input: string, output: string): tf.LayersModel =>
  tf.sequential({
    layers: [
      tf.layers.dense({ name: input, units: 3, inputShape: [inputs] }),
      tf.layers.dense({ name: output, units: 2, activation: 'softmax' }),
    ],
  });
const together = (other: tf.LayersModel): Promise<unknown> =>
  bundleOf([model(4, 'x', 'y'), other], { policy: mean('probabilities', 2) });

describe('members that are not alike', () => {
  it.each([
    [
      'name of an input',
      model(4, 'z', 'y'),
      'The inputs of member 1 are "z_input" float32 [N, 4]; those of member 0 are "x_input" float32 [N, 4].',
    ],
    [
      'shape of an input',
      model(5, 'x', 'y'),
      'The inputs of member 1 are "x_input" float32 [N, 5]; those of member 0 are "x_input" float32 [N, 4].',
    ],
    [
      'name of an output',
      model(4, 'x', 'probabilities'),
      'The outputs of member 1 are "probabilities" float32 [N, 2]; those of member 0 are "y" float32 [N, 2].',
    ],
  ])('by the %s: says which and what to do', async (_, other, message) => {
    await expect(together(other)).rejects.toMatchObject({
      code: 'different-members',
      message: expect.stringContaining(message) as string,
    });
    await expect(together(other)).rejects.toThrow('name the layers that they begin and end with');
  });
});
