import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../test/checked-export.ts';
import { artifactsOf, randomizeWeights, tf } from '../../test/tfjs.ts';
import { readOnnx, type ExportOptions } from '../index.ts';
import { generator } from '../parity/random.ts';

const stateful = { units: 3, stateful: true } as const;
const vectors = { batchInputShape: [2, 3, 4] };

const layers: Readonly<Record<string, () => tf.layers.Layer>> = {
  SimpleRNN: () => tf.layers.simpleRNN({ ...stateful, ...vectors }),
  GRU: () => tf.layers.gru({ ...stateful, ...vectors, returnSequences: true }),
  'LSTM, backwards': () => tf.layers.lstm({ ...stateful, ...vectors, goBackwards: true }),
  'LSTM by Scan': () => tf.layers.lstm({ ...stateful, ...vectors, activation: 'swish' }),
  'stacked cells': () =>
    tf.layers.rnn({
      cell: [tf.layers.lstmCell({ units: 2 }), tf.layers.gruCell({ units: 3 })],
      stateful: true,
      ...vectors,
    }),
  Bidirectional: () =>
    tf.layers.bidirectional({
      layer: tf.layers.lstm(stateful),
      mergeMode: 'sum',
      ...vectors,
    } as never),
  TimeDistributed: () =>
    tf.layers.timeDistributed({
      layer: tf.layers.gru(stateful),
      batchInputShape: [2, 3, 2, 4],
    }),
  ConvLSTM2D: () =>
    tf.layers.convLstm2d({
      filters: 2,
      kernelSize: 2,
      stateful: true,
      batchInputShape: [2, 3, 4, 4, 2],
    }),
};

function modelOf(name: string): tf.Sequential {
  const model = tf.sequential({ layers: [layers[name]!(), tf.layers.dense({ units: 4 })] });
  randomizeWeights(model, 3);
  return model;
}

/** What tfjs answers to one batch after the other. */
function successive(
  model: tf.Sequential,
  batches: readonly Float32Array[],
): readonly Float32Array[] {
  const shape = model.inputs[0]!.shape as number[];
  return batches.map((data) =>
    (model.predict(tf.tensor(data, shape)) as tf.Tensor).dataSync<'float32'>(),
  );
}

async function sessionOf(
  model: tf.LayersModel,
  options: ExportOptions,
): Promise<ort.InferenceSession> {
  const { bytes } = exportOnnx(await artifactsOf(model), options);
  return ort.InferenceSession.create(bytes, {
    extra: { session: { strict_shape_type_inference: '1' } },
  });
}

function batchesFor(model: tf.LayersModel): readonly Float32Array[] {
  const random = generator(1);
  const length = (model.inputs[0]!.shape as number[]).reduce((size, dim) => size * dim, 1);
  return Array.from({ length: 3 }, () => Float32Array.from({ length }, () => random() * 2 - 1));
}

function expectClose(came: Float32Array, wanted: Float32Array): void {
  expect(came.length).toBe(wanted.length);
  came.forEach((value, index) => {
    expect(Math.abs(value - wanted[index]!)).toBeLessThan(1e-6 + 1e-5 * Math.abs(wanted[index]!));
  });
}

describe.each(Object.keys(layers))('stateful %s', (name) => {
  it('starts every run with zeros', async () => {
    const model = modelOf(name);
    const batches = batchesFor(model);
    const session = await sessionOf(model, {});
    const [input] = session.inputMetadata;
    expect(session.inputNames).toHaveLength(1);
    for (const data of batches) {
      const shape = model.inputs[0]!.shape as number[];
      const answer = await session.run({ [input!.name]: new ort.Tensor('float32', data, shape) });
      const [output] = Object.values(answer);
      expectClose(output!.data as Float32Array, successive(modelOf(name), [data])[0]!);
    }
  });

  it('goes on from the states fed back', async () => {
    const model = modelOf(name);
    const batches = batchesFor(model);
    const wanted = successive(model, batches);
    const session = await sessionOf(model, { exposeStates: true });
    const shapes = new Map(
      session.inputMetadata.map((input) => [
        input.name,
        (input as unknown as { readonly shape: readonly number[] }).shape,
      ]),
    );
    const [dataInput, ...stateInputs] = session.inputNames;
    let states = Object.fromEntries(
      stateInputs.map((input) => [
        input,
        new ort.Tensor('float32', zeros(shapes.get(input)!), shapes.get(input)),
      ]),
    );
    expect(stateInputs.length).toBeGreaterThan(0);
    for (const [index, data] of batches.entries()) {
      const x = new ort.Tensor('float32', data, shapes.get(dataInput!));
      const answer = await session.run({ [dataInput!]: x, ...states });
      expectClose(answer[session.outputNames[0]!]!.data as Float32Array, wanted[index]!);
      states = Object.fromEntries(
        stateInputs.map((input) => [
          input,
          answer[input.replace('_state_in', '_state_out')] as ort.TypedTensor<'float32'>,
        ]),
      );
    }
  });
});

function zeros(shape: readonly number[]): Float32Array {
  return new Float32Array(shape.reduce((size, dim) => size * dim, 1));
}

it('names the states after their layer', async () => {
  const layer = tf.layers.lstm({ ...stateful, ...vectors, name: 'memory' });
  const model = tf.sequential({ layers: [layer, tf.layers.dense({ units: 1, name: 'out' })] });
  const { inputs, outputs } = readOnnx(
    exportOnnx(await artifactsOf(model), { exposeStates: true }).bytes,
  );
  expect(inputs.slice(1)).toEqual([
    expect.objectContaining({ name: 'memory_state_in_0', shape: [2, 3] }),
    expect.objectContaining({ name: 'memory_state_in_1', shape: [2, 3] }),
  ]);
  expect(outputs.map(({ name }) => name)).toEqual([
    'out',
    'memory_state_out_0',
    'memory_state_out_1',
  ]);
});

it('goes on where its last call in the same graph ended', async () => {
  const [a, b] = ['a', 'b'].map((name) => tf.input({ batchShape: [2, 3, 4], name }));
  const layer = tf.layers.gru(stateful);
  const called = [a, b].map((input) => layer.apply(input!) as tf.SymbolicTensor);
  const model = tf.model({
    inputs: [a!, b!],
    outputs: tf.layers.concatenate({ name: 'y' }).apply(called) as tf.SymbolicTensor,
  });
  randomizeWeights(model, 2);
  const [first, second] = batchesFor(model) as [Float32Array, Float32Array];
  const wanted = model.predict([tf.tensor(first, [2, 3, 4]), tf.tensor(second, [2, 3, 4])]);
  const session = await sessionOf(model, {});
  const answer = await session.run({
    a: new ort.Tensor('float32', first, [2, 3, 4]),
    b: new ort.Tensor('float32', second, [2, 3, 4]),
  });
  expectClose(answer['y']!.data as Float32Array, (wanted as tf.Tensor).dataSync<'float32'>());
});
