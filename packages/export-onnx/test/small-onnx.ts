import * as ort from 'onnxruntime-node';
import type { Graph, Node } from '../src/onnx/model.ts';
import { float32, type TensorData } from '../src/onnx/tensor-data.ts';
import { checkedBytes } from './checked-export.ts';

type Attributes = Node['attributes'];

export function node(
  opType: string,
  inputs: string[],
  output: string,
  attributes: Attributes = {},
): Node {
  return { name: `${output}_node`, opType, inputs, outputs: [output], attributes };
}

/** Numbers that are no pattern. */
export function noise(...shape: number[]): TensorData {
  const length = shape.reduce((product, dim) => product * dim, 1);
  return float32(
    shape,
    Array.from({ length }, (_, index) => Math.sin(index * 12.9898 + length) * 1.5),
  );
}

export function graphOf(
  input: readonly number[],
  nodes: readonly Node[],
  constants: Readonly<Record<string, TensorData>>,
  shapes: Readonly<Record<string, readonly number[]>> = {},
): Graph {
  return {
    name: 'g',
    inputs: [{ name: 'x', dtype: 1, shape: input }],
    outputs: [{ name: 'y', dtype: 1, shape: undefined }],
    nodes,
    initializers: Object.entries(constants).map(([name, data]) => ({ name, data })),
    valueInfo: Object.entries(shapes).map(([name, shape]) => ({ name, dtype: 1, shape })),
  };
}

function bytesOfGraph(graph: Graph): Uint8Array {
  return checkedBytes({
    irVersion: 8,
    opset: 17,
    producerName: 'test',
    producerVersion: '',
    metadata: {},
    graph,
  });
}

/** What onnxruntime answers to noise, its own passes off. */
export async function run(graph: Graph): Promise<readonly number[]> {
  const session = await ort.InferenceSession.create(bytesOfGraph(graph), {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
  });
  const { shape } = graph.inputs[0]!;
  const { read } = noise(...(shape as number[]));
  const x = new ort.Tensor('float32', read() as Float32Array, shape as number[]);
  const { y } = await session.run({ x });
  return Array.from(y!.data as Float32Array);
}

/** Operators of the nodes. */
export const kinds = (graph: Graph): readonly string[] => graph.nodes.map(({ opType }) => opType);
