import { createTensorPool } from '../graph/tensor-pool.ts';
import type { Graph, Initializer, Node } from '../onnx/model.ts';
import { derived, float32, type TensorData } from '../onnx/tensor-data.ts';
import { countUses, producers } from './graph-uses.ts';

/** Axis of the output channels in the kernel of what a batch norm can be folded into. */
const channelAxis: Readonly<Record<string, number>> = { Conv: 0, ConvTranspose: 1, Gemm: 1 };

/** Puts a batch norm into the kernel and bias of the one node whose result only it reads. */
export function foldBatchNorm(graph: Graph): Graph {
  const uses = countUses(graph);
  const made = producers(graph);
  const known = new Map(graph.initializers.map(({ name, data }) => [name, data]));
  const pool = createTensorPool();
  const added: Initializer[] = [];
  const constant = (name: string, data: TensorData): string => {
    const found = pool.find(data);
    if (found !== undefined) return found;
    pool.add(name, data);
    added.push({ name, data });
    return name;
  };
  const replaced = new Map<Node, Node | undefined>();
  for (const norm of graph.nodes) {
    const linear = made.get(norm.inputs[0]!);
    if (norm.opType !== 'BatchNormalization' || linear === undefined) continue;
    if (!Object.hasOwn(channelAxis, linear.opType) || uses.get(norm.inputs[0]!) !== 1) continue;
    replaced.set(linear, undefined);
    replaced.set(norm, folded(linear, norm, known, constant));
  }
  const nodes = graph.nodes.flatMap((node) =>
    replaced.has(node) ? (replaced.get(node) ?? []) : node,
  );
  return { ...graph, nodes, initializers: [...graph.initializers, ...added] };
}

function folded(
  linear: Node,
  norm: Node,
  known: ReadonlyMap<string, TensorData>,
  constant: (name: string, data: TensorData) => string,
): Node {
  const [kernel, bias] = [linear.inputs[1]!, linear.inputs[2]];
  const [gamma, beta, mean, variance] = norm.inputs.slice(1).map((name) => known.get(name)!);
  const epsilon = norm.attributes['epsilon']?.value as number;
  const channels = gamma!.shape[0]!;
  const start =
    bias === undefined ? float32([channels], new Float32Array(channels)) : known.get(bias)!;
  const scaledKernel = scaleKernel(
    known.get(kernel)!,
    gamma!,
    variance!,
    epsilon,
    channelAxis[linear.opType]!,
  );
  const offset = derived(
    [gamma!, variance!, start, mean!, beta!],
    `norm ${epsilon}`,
    gamma!.shape,
    (...all) => {
      const [g, v, b, m, shift] = all as Float32Array[];
      return Float32Array.from(g!, (value, index) => {
        const scale = value / Math.sqrt(v![index]! + epsilon);
        return (b![index]! - m![index]!) * scale + shift![index]!;
      });
    },
  );
  return {
    ...linear,
    outputs: norm.outputs,
    inputs: [
      linear.inputs[0]!,
      constant(`${kernel}_normalized`, scaledKernel),
      constant(`${bias ?? `${linear.name}/bias`}_normalized`, offset),
    ],
  };
}

/** Kernel · γ/√(σ² + ε) along the channels, computed in float64. Jacob et al. 2018, §3.2. */
function scaleKernel(
  kernel: TensorData,
  gamma: TensorData,
  variance: TensorData,
  epsilon: number,
  axis: number,
): TensorData {
  const channels = kernel.shape[axis]!;
  const inner = kernel.shape.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  return derived([kernel, gamma, variance], `scale ${axis} ${epsilon}`, kernel.shape, (...all) => {
    const [k, g, v] = all as Float32Array[];
    const scales = Float64Array.from(g!, (value, index) => value / Math.sqrt(v![index]! + epsilon));
    return Float32Array.from(
      k!,
      (value, index) => value * scales[Math.floor(index / inner) % channels]!,
    );
  });
}
