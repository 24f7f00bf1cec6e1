import * as ort from 'onnxruntime-node';
import {
  checkParity,
  type GraphModelArtifacts,
  type HostTensor,
  type HostTensors,
} from '../src/index.ts';
import { exportOnnx } from './checked-export.ts';
import type { Constant, GraphNode } from './graph-def.ts';
import { graphPredictor, loadGraphModel } from './graph-models.ts';

/** Of every operation and layer, on values around 1. */
export const GATE = { absolute: 1e-6, relative: 1e-5 } as const;

export const float = (shape: readonly number[], ...values: number[]): HostTensor => ({
  data: Float32Array.from(values),
  shape,
});
export const int = (shape: readonly number[], ...values: number[]): HostTensor => ({
  data: Int32Array.from(values),
  shape,
});
export const held = (
  name: string,
  dtype: Constant['dtype'],
  shape: readonly number[],
  ...values: number[]
): Constant => ({ name, dtype, shape, values });

/** Exports and compares with tfjs under the gate of the layers: the largest share of it. */
export async function shareOfGate(
  artifacts: GraphModelArtifacts,
  sets: readonly HostTensors[],
): Promise<number> {
  const { bytes, inputs, outputs } = exportOnnx(artifacts);
  const model = await loadGraphModel(artifacts);
  const named = Object.fromEntries(
    outputs.map(({ name }, index) => [name, model.outputs[index]!.name]),
  );
  const predict = graphPredictor(
    model,
    inputs.map(({ name }) => name),
    named,
  );
  const results = await checkParity({
    bytes,
    ort,
    inputs: sets,
    predict,
    ...GATE,
  });
  return Math.max(...results.map(({ largestShare }) => largestShare));
}

/** A function of a library. */
export function func(
  name: string,
  args: readonly string[],
  outs: readonly string[],
  nodes: readonly GraphNode[],
  ret: Readonly<Record<string, string>>,
): object {
  const argument = (each: string): object => ({ name: each, type: 'DT_FLOAT' });
  return {
    signature: { name, inputArg: args.map(argument), outputArg: outs.map(argument) },
    nodeDef: nodes,
    ret,
  };
}
