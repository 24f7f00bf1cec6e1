import type * as Tfjs from '@tensorflow/tfjs';
import {
  checkParity,
  parityInputs,
  type ExportedTensor,
  type GraphModelArtifacts,
  type HostTensors,
  type OrtLike,
  type ParityOptions,
  type ParityResult,
} from '@snapshot-ensemble/export-onnx';
import type { ModelArtifacts } from '@snapshot-ensemble/snapshot-core';
import { textTable } from '../text-table.ts';
import { needed, openTfjsModels } from './tfjs.ts';

export interface CheckedGraph {
  readonly bytes: Uint8Array;
  readonly inputs: readonly ExportedTensor[];
  /** Names for the outputs of a model, in their order. */
  readonly outputs: readonly string[];
  readonly models: readonly (ModelArtifacts | GraphModelArtifacts)[];
  /** Of a graph model: where it ends. */
  readonly cutAt?: readonly string[] | undefined;
  /** What the graph says, made of what each model says, by name. */
  readonly combine: (perModel: readonly HostTensors[]) => HostTensors;
}

export interface CheckResult {
  readonly results: readonly ParityResult[];
  readonly text: string;
  /** Where they differ. */
  readonly problem: string | undefined;
}

/** Compares an exported graph on onnxruntime with the models in TensorFlow.js. */
export async function checkWithTfjs(graph: CheckedGraph, directory: string): Promise<CheckResult> {
  const tf = await needed<typeof Tfjs>('@tensorflow/tfjs', directory, '--check');
  const ort = await needed<OrtLike>('onnxruntime-node', directory, '--check');
  const { predict } = await openTfjsModels(
    tf,
    graph.models,
    graph.inputs,
    graph.outputs,
    graph.cutAt,
  );
  return parityText(ort, {
    bytes: graph.bytes,
    inputs: parityInputs(graph.models[0]!, graph.inputs),
    predict: async (inputs) => graph.combine(await predict(inputs)),
  });
}

/** The largest differences, in a table too. */
export async function parityText(
  ort: OrtLike,
  options: Omit<ParityOptions, 'ort'>,
): Promise<CheckResult> {
  const results = await checkParity({ ...options, ort });
  const wrong = results.filter(({ isClose, isArgmaxEqual }) => !isClose || !isArgmaxEqual);
  return {
    results,
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
