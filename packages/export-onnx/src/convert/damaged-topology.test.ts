import fc from 'fast-check';
import { expect, it } from 'vitest';
import { exportOnnx } from '../../test/checked-export.ts';
import { artifactsOf, tf } from '../../test/tfjs.ts';
import { ExportError } from '../index.ts';

type Tensor = tf.SymbolicTensor;

/** Everything that has layers inside, and masks on the way. */
function wrappers(): tf.LayersModel {
  const input = tf.input({ shape: [3, 4, 4, 2], name: 'x' });
  const on = (layer: tf.layers.Layer, x: Tensor): Tensor => layer.apply(x) as Tensor;
  const convolution = { filters: 2, kernelSize: 2, returnSequences: true } as const;
  const images = on(tf.layers.convLstm2d(convolution), input);
  const inner = tf.sequential({
    layers: [tf.layers.flatten({ inputShape: [3, 3, 2] }), tf.layers.dense({ units: 3 })],
  });
  const vectors = on(tf.layers.timeDistributed({ layer: inner }), images);
  const masked = on(tf.layers.masking({}), vectors);
  const lstm = tf.layers.lstm({ units: 2, activation: 'selu', returnSequences: true });
  const read = on(tf.layers.bidirectional({ layer: lstm, mergeMode: 'concat' }), masked);
  const joined = tf.layers.concatenate().apply([read, masked]) as Tensor;
  const cells = [
    tf.layers.gruCell({ units: 2 }),
    tf.layers.lstmCell({ units: 2, activation: 'gelu' }),
  ];
  return tf.model({ inputs: input, outputs: on(tf.layers.rnn({ cell: cells }), joined) });
}

const replacements = [
  ...['0', '-1', '1e9', 'null', '"x"', '[]', '{}', 'true', '1.5', '[[]]', '[3,3]'],
  ...['"LSTM"', '"RNN"', '"Sequential"', '"ConvLSTM2D"', '"TimeDistributed"', '"Bidirectional"'],
];

it('a damaged topology of wrappers ends in a typed error or an export', async () => {
  const artifacts = await artifactsOf(wrappers());
  const text = JSON.stringify(artifacts.modelTopology);
  const places = [...text.matchAll(/"[^"]*"|-?\d+|true|false|null/g)];
  let refused = 0;
  fc.assert(
    fc.property(
      fc.nat(places.length - 1),
      fc.constantFrom(...replacements),
      fc.boolean(),
      (index, replacement, exposeStates) => {
        const { index: at, 0: old } = places[index]!;
        const changed = text.slice(0, at) + replacement + text.slice(at + old.length);
        try {
          const modelTopology = JSON.parse(changed) as object;
          exportOnnx({ ...artifacts, modelTopology }, { exposeStates });
        } catch (error) {
          if (!(error instanceof ExportError) && !(error instanceof SyntaxError)) throw error;
          refused++;
        }
      },
    ),
    { numRuns: 300, seed: 1 },
  );
  expect(refused).toBeGreaterThan(0);
});
