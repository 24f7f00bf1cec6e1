import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type * as Tfjs from '@tensorflow/tfjs';
import {
  checkParity,
  isGraphModel,
  parityInputs,
  type ExportedTensor,
  type GraphModelArtifacts,
  type HostTensor,
  type HostTensors,
  type OrtLike,
  type ParityResult,
} from '@snapshot-ensemble/export-onnx';
import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import { inProject } from '../doctor/packages.ts';
import { UsageError } from '../run-main.ts';
import { textTable } from '../text-table.ts';

export interface CheckedGraph {
  readonly bytes: Uint8Array;
  readonly inputs: readonly ExportedTensor[];
  /** Names for the outputs of a model, in their order. */
  readonly outputs: readonly string[];
  readonly models: readonly (ModelArtifacts | GraphModelArtifacts)[];
  /** What the graph says, made of what each model says, by name. */
  readonly combine: (perModel: readonly HostTensors[]) => HostTensors;
}

/** Compares an exported graph on onnxruntime with the models in TensorFlow.js. Throws `UsageError` where they differ. */
export async function checkWithTfjs(
  graph: CheckedGraph,
  directory: string,
): Promise<{ readonly text: string; readonly problem: string | undefined }> {
  const tf = await load<typeof Tfjs>('@tensorflow/tfjs', directory);
  const ort = await load<OrtLike>('onnxruntime-node', directory);
  // Else it greets whoever runs it in Node.
  tf.enableProdMode();
  await tf.setBackend('cpu');
  const models: (Tfjs.LayersModel | Tfjs.GraphModel)[] = [];
  for (const artifacts of graph.models) {
    const handler = tf.io.fromMemory(inOneBuffer(artifacts));
    models.push(
      isGraphModel(artifacts)
        ? await tf.loadGraphModel(handler)
        : await tf.loadLayersModel(handler),
    );
  }
  const results = await checkParity({
    bytes: graph.bytes,
    ort,
    inputs: parityInputs(graph.models[0]!, graph.inputs),
    predict: (inputs) => answers(tf, models, graph, inputs),
  });
  const wrong = results.filter(({ isClose, isArgmaxEqual }) => !isClose || !isArgmaxEqual);
  return {
    text: tableOf(results),
    problem:
      wrong.length === 0
        ? undefined
        : `export: the graph does not answer as the model does in TensorFlow.js: ${wrong.map(({ output }) => `"${output}"`).join(', ')}. Please report it with the model.`,
  };
}

function tableOf(results: readonly ParityResult[]): string {
  const rows = results.map(({ output, largestShare, isClose, isArgmaxEqual }) => [
    output,
    largestShare.toPrecision(2),
    isClose && isArgmaxEqual ? 'ok' : 'DIFFERS',
  ]);
  return textTable([['output', 'difference / allowed', ''], ...rows]);
}

async function load<T>(name: string, directory: string): Promise<T> {
  for (const from of [inProject(directory), import.meta.url]) {
    const place = resolveFrom(name, from);
    if (place === undefined) continue;
    const module = (await import(pathToFileURL(place).href)) as T & { readonly default?: T };
    return module.default ?? module;
  }
  throw new UsageError(
    `export: --check needs ${name}, which is not installed. Install it: npm install ${name}`,
  );
}

function resolveFrom(name: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}

function inOneBuffer(artifacts: ModelArtifacts | GraphModelArtifacts): Tfjs.io.ModelArtifacts {
  const { weightSpecs, weightData } = artifacts;
  const parts = Array.isArray(weightData) ? (weightData as ArrayBuffer[]) : [weightData];
  const bytes = Buffer.concat(parts.map((part) => new Uint8Array(part as ArrayBuffer)));
  return {
    ...(artifacts as Tfjs.io.ModelArtifacts),
    weightSpecs: weightSpecs as Tfjs.io.WeightsManifestEntry[],
    weightData: Uint8Array.from(bytes).buffer,
  };
}

async function answers(
  tf: typeof Tfjs,
  models: readonly (Tfjs.LayersModel | Tfjs.GraphModel)[],
  { inputs: declared, outputs, combine }: CheckedGraph,
  inputs: HostTensors,
): Promise<HostTensors> {
  const tensors = declared.map(({ name, dtype }) => {
    const { data, shape } = inputs[name]!;
    return tf.tensor(data, [...shape], dtype as 'float32' | 'int32' | 'bool');
  });
  const perModel: HostTensors[] = [];
  for (const model of models) {
    const answer = await answerOf(model, tensors);
    perModel.push(
      Object.fromEntries(
        answer.map((tensor, index): [string, HostTensor] => [
          outputs[index]!,
          { data: tensor.dataSync(), shape: tensor.shape },
        ]),
      ),
    );
    answer.forEach((tensor) => {
      tensor.dispose();
    });
  }
  tf.dispose(tensors);
  return combine(perModel);
}

async function answerOf(
  model: Tfjs.LayersModel | Tfjs.GraphModel,
  tensors: Tfjs.Tensor[],
): Promise<readonly Tfjs.Tensor[]> {
  // Loops and what finds a number of things run asynchronously only; the order of inputs is the signature's.
  const answer =
    'executeAsync' in model
      ? await model.predictAsync(tensors)
      : (model.predict(tensors) as Tfjs.Tensor | Tfjs.Tensor[]);
  if (Array.isArray(answer)) return answer;
  return 'dataSync' in answer ? [answer as Tfjs.Tensor] : Object.values(answer);
}
