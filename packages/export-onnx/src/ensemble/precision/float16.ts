import { int, type Graph, type Initializer, type Node } from '../../onnx/model.ts';
import { byteLengthOf, type TensorData } from '../../onnx/tensor-data.ts';
import { namesDefined } from '../../optimize/graph-uses.ts';
import { freeName } from './free-name.ts';
import { halfOf } from './half.ts';

// Fewer bytes would not pay for the Cast beside them.
const SMALLEST_KERNEL = 256;
// Other tensors (biases, statistics) that are smaller are worth more than the bytes they take.
const SMALLEST_OTHER = 1024;
const multiplied: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
const FLOAT32 = 1;

/**
 * Large weights as float16, each with a Cast back to float32 beside it, which onnxruntime computes once when it loads: half the file and
 * the same speed. Values beyond ±65,504 become that.
 */
export function toFloat16(graph: Graph): Graph {
  const taken = new Set(namesDefined(graph, true));
  const kernels = new Set(
    graph.nodes.flatMap(({ opType, inputs }) => (multiplied.has(opType) ? [inputs[1]!] : [])),
  );
  const casts: Node[] = [];
  const initializers = graph.initializers.map((initializer): Initializer => {
    const { name, data } = initializer;
    const smallest = kernels.has(name) ? SMALLEST_KERNEL : SMALLEST_OTHER;
    if (data.dtype !== 'float32' || byteLengthOf(data) < smallest) return initializer;
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
