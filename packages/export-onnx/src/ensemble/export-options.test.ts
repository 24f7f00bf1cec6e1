import { describe, expect, it } from 'vitest';
import { bundleOf, largestDifference, mean, runStages } from '../../test/bundles.ts';
import { runOnnx } from '../../test/run-onnx.ts';
import { tf } from '../../test/tfjs.ts';
import { ensembleAnswers, type HostTensors } from '../index.ts';

const { layers } = tf;

it('adds the sigmoid to outputs that are logits', async () => {
  const model = (seed: number): tf.LayersModel =>
    tf.sequential({
      layers: [
        layers.dense({
          units: 1,
          inputShape: [2],
          kernelInitializer: tf.initializers.glorotUniform({ seed }),
          name: 'y',
        }),
      ],
    });
  const all = [model(1), model(2)];
  const { bundle } = await bundleOf(all, { policy: mean('binary', 2), sigmoidOutputs: ['y'] });
  const data = Float32Array.of(1, -2, 0.5, 3);
  const answer = await runOnnx(bundle.files.get('ensemble.onnx')!, {
    y_input: { data, shape: [2, 2] },
  });
  const each = all.map((member) =>
    tf.sigmoid(member.predict(tf.tensor2d(data, [2, 2])) as tf.Tensor).dataSync<'float32'>(),
  );
  answer['y']!.data.forEach((value, at) => {
    expect(Math.abs(value - (each[0]![at]! + each[1]![at]!) / 2)).toBeLessThan(1e-6);
  });
});

it('takes sequences of any length', async () => {
  const model = (seed: number): tf.LayersModel =>
    tf.sequential({
      layers: [
        layers.conv1d({
          filters: 4,
          kernelSize: 3,
          padding: 'same',
          inputShape: [null, 2],
          kernelInitializer: tf.initializers.glorotUniform({ seed }),
          name: 'x',
        }),
        layers.dense({
          units: 3,
          activation: 'softmax',
          kernelInitializer: tf.initializers.glorotUniform({ seed }),
          name: 'y',
        }),
      ],
    });
  const all = [model(1), model(2)];
  const { bundle, manifest } = await bundleOf(all, { policy: mean('probabilities', 2) });
  expect(manifest.inputs[0]!.shape).toEqual([null, 'x_input_dim1', 2]);
  for (const length of [4, 9]) {
    const data = tf.randomNormal([2, length, 2], 0, 1, 'float32', 1).dataSync<'float32'>();
    const answer = await runOnnx(bundle.files.get('ensemble.onnx')!, {
      x_input: { data, shape: [2, length, 2] },
    });
    const each = all.map((member) =>
      (member.predict(tf.tensor3d(data, [2, length, 2])) as tf.Tensor).dataSync<'float32'>(),
    );
    answer['y']!.data.forEach((value, at) => {
      expect(Math.abs(value - (each[0]![at]! + each[1]![at]!) / 2)).toBeLessThan(1e-6);
    });
  }
});

const forms = ['fused', 'stacked', 'staged', 'separate'] as const;

/** What a bundle answers, whatever its form: the members' own files are combined by ensemble-math. */
async function answerOf(
  { manifest, files }: Awaited<ReturnType<typeof bundleOf>>,
  inputs: HostTensors,
): Promise<HostTensors> {
  if (manifest.graph !== undefined) return runOnnx(files.get(manifest.graph)!, inputs);
  if (manifest.form === 'staged') return (await runStages(manifest, files, inputs)).at(-1)!;
  const each: HostTensors[] = [];
  for (const { file } of manifest.members) each.push(await runOnnx(files.get(file!)!, inputs));
  return ensembleAnswers(manifest, each);
}

describe('images of any size', () => {
  const model = (seed: number): tf.LayersModel => {
    const kernelInitializer = tf.initializers.glorotUniform({ seed });
    return tf.sequential({
      layers: [
        layers.conv2d({
          filters: 4,
          kernelSize: 3,
          activation: 'relu',
          inputShape: [null, null, 2],
          kernelInitializer,
          name: 'x',
        }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.globalAveragePooling2d({}),
        layers.dense({ units: 3, activation: 'softmax', kernelInitializer, name: 'y' }),
      ],
    });
  };

  it.each(forms)('%s', async (form) => {
    const all = [model(1), model(2)];
    const made = await bundleOf(all, { policy: mean('probabilities', 2), form });
    expect(made.manifest.inputs[0]!.shape).toEqual([null, 'x_input_dim1', 'x_input_dim2', 2]);
    expect(made.notStacked).toEqual([]);
    for (const shape of [
      [2, 8, 9, 2],
      [1, 21, 12, 2],
    ]) {
      const data = tf.randomNormal(shape, 0, 1, 'float32', 1).dataSync<'float32'>();
      const answer = await answerOf(made, { x_input: { data, shape } });
      const each = all.map((member) => ({
        y: {
          data: (member.predict(tf.tensor(data, shape)) as tf.Tensor).dataSync<'float32'>(),
          shape: [shape[0]!, 3],
        },
      }));
      const want = ensembleAnswers(made.manifest, each)['y']!;
      expect(largestDifference(answer['y']!.data, want.data)).toBeLessThan(1e-5);
    }
  });
});

describe('several outputs', () => {
  const model = (seed: number): tf.LayersModel => {
    const dense = (units: number, name: string, activation: 'softmax' | 'linear') =>
      layers.dense({
        units,
        name,
        activation,
        kernelInitializer: tf.initializers.glorotUniform({ seed }),
      });
    const x = tf.input({ shape: [5], name: 'x' });
    const body = dense(4, 'body', 'linear').apply(x);
    return tf.model({
      inputs: x,
      outputs: [
        dense(3, 'kind', 'softmax').apply(body) as tf.SymbolicTensor,
        dense(1, 'size', 'linear').apply(body) as tf.SymbolicTensor,
      ],
    });
  };
  const policy = {
    kind: { ...mean('probabilities', 3), weights: [0.2, 0.3, 0.5] },
    size: { ...mean('regression', 3), combine: 'median' as const },
  };

  it.each(forms)('%s', async (form) => {
    const all = [model(1), model(2), model(3)];
    const made = await bundleOf(all, { policy, form });
    const data = tf.randomNormal([4, 5], 0, 1, 'float32', 1).dataSync<'float32'>();
    const answer = await answerOf(made, { x: { data, shape: [4, 5] } });
    const each = all.map((member) => {
      const [kind, size] = member.predict(tf.tensor2d(data, [4, 5])) as tf.Tensor[];
      return {
        kind: { data: kind!.dataSync<'float32'>(), shape: [4, 3] },
        size: { data: size!.dataSync<'float32'>(), shape: [4, 1] },
      };
    });
    const want = ensembleAnswers(made.manifest, each);
    expect(Object.keys(want)).toEqual(expect.arrayContaining(['kind', 'size', 'size.variance']));
    for (const [name, { data: expected }] of Object.entries(want))
      expect(largestDifference(answer[name]!.data, expected), name).toBeLessThan(1e-5);
  });

  it('refuses policies for others', async () => {
    const wrong = { kind: policy.kind, other: policy.size };
    await expect(bundleOf([model(1), model(2), model(3)], { policy: wrong })).rejects.toThrow(
      'The policies are for kind, other; the outputs are kind, size. Give one policy per output.',
    );
  });
});

describe('members', () => {
  const model = (seed: number): tf.LayersModel =>
    tf.sequential({
      layers: [
        layers.dense({
          units: 3,
          inputShape: [2],
          activation: 'softmax',
          kernelInitializer: tf.initializers.glorotUniform({ seed }),
          name: 'y',
        }),
      ],
    });
  const all = [model(1), model(2), model(3), model(4)];

  it.each([[[2, 0]], [['member-2', 'member-0']], [['member-2', 0]]])(
    'are those named, in that order: %j',
    async (members) => {
      const some = await bundleOf(all, { policy: mean('probabilities', 2), members });
      const alone = await bundleOf([all[2]!, all[0]!], { policy: mean('probabilities', 2) });
      expect(some.files.get('ensemble.onnx')).toEqual(alone.files.get('ensemble.onnx'));
      expect(some.manifest.members.map(({ id }) => id)).toEqual(['member-2', 'member-0']);
    },
  );

  it.each<[readonly (number | string)[], RegExp]>([
    [[4], /There is no member 4. Give positions 0 … 3, or ids: member-0, /],
    [['late'], /There is no member "late"/],
    [[], /name at least one member, and each once/],
    [[1, 'member-1'], /members is \[1, member-1\]; name at least one member, and each once/],
  ])('are refused: %j', async (members, message) => {
    await expect(
      bundleOf(all, { policy: mean('probabilities', members.length), members }),
    ).rejects.toThrow(message);
  });
});

it('refuses states, which members of one bundle cannot hand on', async () => {
  const model = tf.sequential({ layers: [layers.dense({ units: 1, inputShape: [2], name: 'y' })] });
  await expect(
    bundleOf([model], { policy: mean('regression', 1), exposeStates: true }),
  ).rejects.toThrow(/exposeStates is an option for a single model; leave it out of an ensemble/);
});
