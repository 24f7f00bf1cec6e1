import { describe, expect, it } from 'vitest';
import { kindOfOutputs } from './kind-of-outputs.ts';

const dense = (name: string, activation: string) => ({
  class_name: 'Dense',
  name,
  config: { name, activation },
});
const sequential = (...layers: object[]) => ({ class_name: 'Sequential', config: { layers } });

describe('kindOfOutputs', () => {
  it.each<[string, object]>([
    ['a softmax', sequential(dense('a', 'relu'), dense('b', 'softmax'))],
    ['a sigmoid', sequential(dense('a', 'sigmoid'))],
    ['a softmax layer', sequential(dense('a', 'linear'), { class_name: 'Softmax', config: {} })],
    ['a saved model', { model_config: sequential(dense('a', 'softmax')) }],
    [
      'every output of several',
      {
        class_name: 'Model',
        config: {
          layers: [dense('a', 'softmax'), dense('b', 'sigmoid'), dense('c', 'relu')],
          output_layers: [
            ['a', 0, 0],
            ['b', 0, 0],
          ],
        },
      },
    ],
  ])('sees probabilities in %s', (_, topology) => {
    expect(kindOfOutputs(topology)).toBe('probabilities');
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
      `export: the model's last layer (${came}) does not tell what its outputs are. Say so: --kind probabilities, --kind logits or --kind regression.`,
    );
  });
});
