import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { architectures, feeds } from '../../test/architectures.ts';
import { checkedBytes, exportOnnx } from '../../test/checked-export.ts';
import { artifactsOf, randomizeWeights, tf } from '../../test/tfjs.ts';
import { buildGraph, buildModel, modelOf } from '../build-model.ts';
import type { ExportOptions, HostTensors } from '../index.ts';
import type { Graph, Model } from '../onnx/model.ts';
import { settingsOf } from '../options.ts';
import { feedsOf } from '../parity/check-parity.ts';
import { subgraphs } from './graph-uses.ts';

const built = (name: string): tf.LayersModel => {
  const model = architectures[name]!();
  randomizeWeights(model, 3);
  return model;
};

/** What the graph says to each set of inputs, by set and output. */
async function answers(
  model: Model,
  sets: readonly HostTensors[],
): Promise<readonly (readonly Float32Array[])[]> {
  const session = await ort.InferenceSession.create(checkedBytes(model), {
    graphOptimizationLevel: 'disabled',
  });
  const all: Float32Array[][] = [];
  for (const set of sets) {
    const answer = await session.run(feedsOf(ort, session, set));
    all.push(model.graph.outputs.map(({ name }) => answer[name]!.data as Float32Array));
  }
  await session.release();
  return all;
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
    const sets = [feeds(model, 1), feeds(model, 3)];
    const want = await answers(modelOf(long, settings), sets);
    const came = await answers(short, sets);
    const off = want.flat().map((values, output) =>
      values.findIndex((value, at) => {
        const difference = Math.abs(came.flat()[output]![at]! - value);
        return !(difference <= 1e-5 + 1e-4 * Math.abs(value));
      }),
    );
    expect(off).toEqual(off.map(() => -1));
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
