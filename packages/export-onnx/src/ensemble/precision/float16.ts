import { int, type Graph, type Initializer, type Node } from '../../onnx/model.ts';
import { byteLengthOf, type TensorData } from '../../onnx/tensor-data.ts';
import { namesDefined } from '../../optimize/graph-uses.ts';
import { freeName } from './free-name.ts';
import { halfOf } from './half.ts';

// Smaller tensors (biases, statistics) are worth more than the bytes they take.
const SMALLEST_BYTES = 1024;
const FLOAT32 = 1;

/**
 * Large weights as float16, each with a Cast back to float32 beside it, which onnxruntime computes once when it loads: half the file and
 * the same speed. Values beyond ±65,504 become that.
 */
export function toFloat16(graph: Graph): Graph {
  const taken = new Set(namesDefined(graph, true));
  const casts: Node[] = [];
  const initializers = graph.initializers.map((initializer): Initializer => {
    const { name, data } = initializer;
    if (data.dtype !== 'float32' || byteLengthOf(data) < SMALLEST_BYTES) return initializer;
    const stored = freeName(`${name}_float16`, taken);
    casts.push({
      name: `${stored}/Cast`,
      opType: 'Cast',
      inputs: [stored],
      outputs: [name],
      attributes: { to: int(FLOAT32) },
    });
    return { name: stored, data: asHalf(data) };
  });
  return { ...graph, initializers, nodes: [...casts, ...graph.nodes] };
}

function asHalf(data: TensorData): TensorData {
  return {
    dtype: 'float16',
    shape: data.shape,
    sources: data.sources,
    recipe: `float16 ${data.recipe}[${data.shape.join()}]`,
    read: () => Uint16Array.from(data.read() as Float32Array, halfOf),
  };
}
