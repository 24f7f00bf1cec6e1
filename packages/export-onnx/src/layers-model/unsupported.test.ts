import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../test/checked-export.ts';
import { ExportError, type UnsupportedLayer } from '../index.ts';

type Json = Record<string, unknown>;

const layer = (className: string, name: string, config: Json = {}): Json => ({
  class_name: className,
  config: { name, ...config },
});
const sequential = (name: string, ...layers: Json[]): Json => ({
  class_name: 'Sequential',
  config: { name, layers },
});
const image = { batch_input_shape: [null, 8, 8, 2] };

function refusals(modelTopology: Json): readonly UnsupportedLayer[] {
  try {
    exportOnnx({ modelTopology, weightSpecs: [], weightData: new ArrayBuffer(0) });
  } catch (error) {
    if (error instanceof ExportError) return error.layers;
    throw error;
  }
  return [];
}

const found = (topology: Json): readonly string[] =>
  refusals(topology).map(({ path, className, reason }) => `${path} (${className}): ${reason}`);

describe('one error lists', () => {
  it('options behind a refused layer', () => {
    expect(
      found(
        sequential(
          'm',
          layer('Lambda', 'magic', image),
          layer('Conv2D', 'fine', { filters: 3, kernel_size: [3, 3] }),
          layer('Conv2D', 'late', { filters: 3, kernel_size: [3, 3], padding: 'causal' }),
          layer('ELU', 'elu', { alpha: 2 }),
          layer('ReLU', 'slope', { negative_slope: 0.1 }),
          layer('ReLU', 'limit', { threshold: 1 }),
          layer('ReLU', 'plain', { negative_slope: 0, threshold: 0, max_value: null }),
          layer('Dense', 'units', { units: 'many' }),
          layer('BatchNormalization', 'norm', {}),
          layer('Dense', 'sinus', { units: 3, activation: 'sinus' }),
          layer('Resizing', 'size'),
        ),
      ),
    ).toMatchInlineSnapshot(`
      [
        "magic (Lambda): there is no converter for it",
        "late (Conv2D): padding "causal" does not run in tfjs",
        "elu (ELU): ELU with alpha 2 does not run in tfjs",
        "slope (ReLU): ReLU with negativeSlope does not run in tfjs",
        "limit (ReLU): ReLU with threshold does not run in tfjs",
        "units (Dense): units is "many", must be a positive integer",
        "sinus (Dense): there is no activation "sinus"",
        "size (Resizing): it does not run inside a tfjs 4.22 model",
      ]
    `);
  });

  it('what is wrong inside models and wrappers', () => {
    const cells = [
      layer('LSTMCell', 'a', { units: 2 }),
      layer('MyCell', 'b'),
      layer('ConvLSTM2DCell', 'c', { filters: 2, kernel_size: 1 }),
    ];
    const stack = { class_name: 'StackedRNNCells', config: { name: 'stack', cells } };
    expect(
      found(
        sequential(
          'm',
          layer('TimeDistributed', 'td', {
            batch_input_shape: [null, 3, 4, 2],
            layer: sequential(
              'inner',
              layer('Lambda', 'magic', { batch_input_shape: [null, 4, 2] }),
              layer('Conv1D', 'conv', { filters: 2, kernel_size: 2, padding: 'causal' }),
            ),
          }),
          layer('RNN', 'rnn', { cell: stack }),
          layer('TimeDistributed', 'late', { layer: layer('ELU', 'elu', { alpha: 3 }) }),
          layer('Bidirectional', 'both', {
            merge_mode: 'concat',
            layer: layer('GRU', 'gru', { units: 2, reset_after: true }),
          }),
          sequential('nested', layer('Lambda', 'deep', { batch_input_shape: [null, 2] })),
        ),
      ),
    ).toMatchInlineSnapshot(`
      [
        "td/inner/magic (Lambda): there is no converter for it",
        "td/inner/conv (Conv1D): padding "causal" does not run in tfjs",
        "rnn/b (MyCell): there is no converter for the cell MyCell",
        "rnn/c (ConvLSTM2DCell): RNN takes vectors, not images, and does not run with ConvLSTM2DCell in tfjs",
        "late/elu (ELU): ELU with alpha 3 does not run in tfjs",
        "both/gru (GRU): GRU with resetAfter does not run in tfjs",
        "nested/deep (Lambda): there is no converter for it",
      ]
    `);
  });

  it('nothing that depends on what a refused layer would give', () => {
    expect(
      found(
        sequential(
          'm',
          layer('Lambda', 'magic', image),
          layer('Conv2D', 'window', { filters: 3, kernel_size: [20, 20] }),
          layer('Flatten', 'flat'),
          layer('Dense', 'head', { units: 2 }),
          layer('LSTM', 'lstm', { units: 2 }),
          layer('Softmax', 'softmax', { axis: 1 }),
        ),
      ),
    ).toHaveLength(1);
  });
});
