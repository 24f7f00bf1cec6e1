import { describe, expect, it } from 'vitest';
import { kindOfOutputs } from './kind-of-outputs.ts';

const dense = (name: string, activation: string, units = 3) => ({
  class_name: 'Dense',
  name,
  config: { name, activation, units },
});
const sequential = (...layers: object[]) => ({ class_name: 'Sequential', config: { layers } });

describe('kindOfOutputs', () => {
  it.each<[string, object, string]>([
    ['a softmax', sequential(dense('a', 'relu'), dense('b', 'softmax')), 'probabilities'],
    ['a sigmoid of one unit', sequential(dense('a', 'sigmoid', 1)), 'binary'],
    ['a sigmoid of several', sequential(dense('a', 'sigmoid')), 'multi-label'],
    [
      'a softmax layer',
      sequential(dense('a', 'linear'), { class_name: 'Softmax', config: {} }),
      'probabilities',
    ],
    ['a saved model', { model_config: sequential(dense('a', 'softmax')) }, 'probabilities'],
    [
      'every output of several',
      {
        class_name: 'Model',
        config: {
          layers: [dense('a', 'softmax'), dense('b', 'softmax'), dense('c', 'relu')],
          output_layers: [
            ['a', 0, 0],
            ['b', 0, 0],
          ],
        },
      },
      'probabilities',
    ],
  ])('sees the kind in %s', (_, topology, kind) => {
    expect(kindOfOutputs(topology)).toBe(kind);
  });

  it.each<[string, object, string]>([
    ['a linear layer', sequential(dense('a', 'linear')), 'linear'],
    ['a layer without activation', sequential({ class_name: 'Flatten', config: {} }), 'Flatten'],
    ['no layers', {}, 'unknown'],
    [
      'one linear output of two',
      {
        config: {
          layers: [dense('a', 'softmax'), dense('b', 'linear')],
          output_layers: [
            ['a', 0, 0],
            ['b', 0, 0],
          ],
        },
      },
      'softmax, linear',
    ],
  ])('asks about %s', (_, topology, came) => {
    expect(() => kindOfOutputs(topology)).toThrow(
      `export: the model's last layer (${came}) does not say what its outputs are. Pass --kind probabilities, logits, binary, multi-label or regression.`,
    );
  });
});
