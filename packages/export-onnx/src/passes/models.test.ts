import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { architectures, feeds } from '../../test/architectures.ts';
import { exportOnnx } from '../../test/independent-reader.ts';
import { artifactsOf, randomizeWeights, tf } from '../../test/tfjs.ts';
import { buildGraph, buildModel, modelOf } from '../build-model.ts';
import type { ExportOptions, HostTensors } from '../index.ts';
import { encodeModel } from '../onnx/encode.ts';
import { bytesOf } from '../onnx/file.ts';
import type { Graph, Model } from '../onnx/model.ts';
import { settingsOf } from '../options.ts';
import { subgraphs } from './graph-uses.ts';

const built = (name: string): tf.LayersModel => {
  const model = architectures[name]!();
  randomizeWeights(model, 3);
  return model;
};

async function answers(model: Model, inputs: HostTensors): Promise<readonly Float32Array[]> {
  const session = await ort.InferenceSession.create(bytesOf(encodeModel(model)), {
    graphOptimizationLevel: 'disabled',
  });
  const feed = Object.fromEntries(
    model.graph.inputs.map(({ name }) => {
      const { data, shape } = inputs[name]!;
      return [name, new ort.Tensor('float32', data as Float32Array, [...shape])];
    }),
  );
  const answer = await session.run(feed);
  await session.release();
  return model.graph.outputs.map(({ name }) => answer[name]!.data as Float32Array);
}

/** Every name once, every value read after it is made. */
function problemsOf(graph: Graph, outer: ReadonlySet<string> = new Set()): readonly string[] {
  const known = new Set(outer);
  const problems: string[] = [];
  const define = (name: string): void => {
    if (name !== '' && known.has(name)) problems.push(`${name} is defined twice`);
    known.add(name);
  };
  for (const { name } of [...graph.inputs, ...graph.initializers]) define(name);
  for (const node of graph.nodes) {
    for (const name of node.inputs)
      if (name !== '' && !known.has(name)) problems.push(`${node.name} reads ${name} too early`);
    for (const inner of subgraphs(node)) problems.push(...problemsOf(inner, known));
    node.outputs.forEach(define);
  }
  for (const { name } of graph.outputs)
    if (!known.has(name)) problems.push(`output ${name} is never made`);
  return problems;
}

function kindsOf(model: tf.LayersModel, options: ExportOptions = {}): Promise<readonly string[]> {
  return artifactsOf(model).then((artifacts) =>
    buildModel(artifacts, settingsOf(options)).graph.nodes.map(({ opType }) => opType),
  );
}

describe('on whole models, the passes', () => {
  it.each(Object.keys(architectures))('keep what %s computes', async (name) => {
    const model = built(name);
    const settings = settingsOf({});
    const long = buildGraph(await artifactsOf(model), settings);
    const short = buildModel(await artifactsOf(model), settings);
    expect(problemsOf(long)).toEqual([]);
    expect(problemsOf(short.graph)).toEqual([]);
    expect(short.graph.nodes.length).toBeLessThan(long.nodes.length);
    const inputs = feeds(model, 2);
    const [want, came] = [
      await answers(modelOf(long, settings), inputs),
      await answers(short, inputs),
    ];
    want.forEach((values, output) => {
      const off = values.filter((value, at) => {
        return !(Math.abs(came[output]![at]! - value) <= 1e-5 + 1e-4 * Math.abs(value));
      });
      expect(off.length).toBe(0);
    });
  });

  it.each(Object.keys(architectures))('give the same bytes for the same %s', async (name) => {
    const artifacts = await artifactsOf(built(name));
    const [first, second] = [artifacts, structuredClone(artifacts)].map(
      (each) => exportOnnx(each, { metadata: { run: 'r' } }).bytes,
    );
    expect(Buffer.compare(first!, second!)).toBe(0);
  });

  const rescaled = (): tf.LayersModel =>
    tf.sequential({
      layers: [
        tf.layers.rescaling({ scale: 1 / 127.5, offset: -1, inputShape: [9, 9, 3] }),
        tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' }),
        tf.layers.zeroPadding2d({ padding: 1 }),
        tf.layers.conv2d({ filters: 4, kernelSize: 3, useBias: false }),
        tf.layers.batchNormalization(),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.flatten(),
        tf.layers.batchNormalization(),
        tf.layers.dense({ units: 5 }),
        tf.layers.batchNormalization(),
      ],
    });
  const sequence = (): tf.LayersModel =>
    tf.sequential({
      layers: [
        tf.layers.batchNormalization({ inputShape: [4, 6] }),
        tf.layers.dense({ units: 5 }),
        tf.layers.batchNormalization(),
      ],
    });
  const classifier = ['Conv', 'Relu', 'Conv', 'MaxPool', 'Reshape', 'Gemm'];

  it.each([
    ['an image classifier', rescaled, 'nhwc', ['Transpose', ...classifier]],
    ['one that takes nchw', rescaled, 'nchw', classifier],
    ['dense layers over steps', sequence, 'nhwc', ['MatMul', 'Add']],
  ] as const)('leave of %s what has to be', async (_, make, inputLayout, kinds) => {
    const model = make();
    randomizeWeights(model, 5);
    expect(await kindsOf(model, { inputLayout })).toEqual(kinds);
  });
});
