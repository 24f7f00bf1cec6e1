import { dtypeCodes, elementCount } from '../onnx/dtype.ts';
import type { Graph, Initializer, Node } from '../onnx/model.ts';
import {
  derived,
  float32,
  int64,
  reshaped,
  tensorData,
  transposed,
  type TensorData,
} from '../onnx/tensor-data.ts';
import { hasOnly, intsOf, type Rule } from './rewrite.ts';

type Fold = (node: Node, inputs: readonly TensorData[]) => TensorData | undefined;

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

/** One element against many, or as many; anything that makes more elements than there were is left to the run. */
const elementwise: Fold = (node, [a, b]) => {
  const compute = arithmetic[node.opType]!;
  if (a?.dtype !== 'float32' || b?.dtype !== 'float32' || !hasOnly(node)) return undefined;
  const [left, right] = [elementCount(a.shape), elementCount(b.shape)];
  const isSame = a.shape.join() === b.shape.join();
  if (
    !isSame &&
    !(left === 1 && a.shape.length <= b.shape.length) &&
    !(right === 1 && b.shape.length <= a.shape.length)
  )
    return undefined;
  const shape = isSame || right === 1 ? a.shape : b.shape;
  return derived([a, b], node.opType, shape, (x, y) =>
    Float32Array.from({ length: elementCount(shape) }, (_, index) =>
      compute(x[left === 1 ? 0 : index] as number, y[right === 1 ? 0 : index] as number),
    ),
  );
};

const axesOf = (node: Node, inputs: readonly TensorData[]): readonly number[] | undefined =>
  inputs[1] === undefined
    ? intsOf(node, 'axes')
    : Array.from(inputs[1].read() as ArrayLike<number | bigint>, Number);

// Sizes and indices; what is longer is a weight, and cast by the run.
const MAX_CAST = 4096;

const numbersOf = (x: TensorData): readonly number[] =>
  Array.from(x.read() as ArrayLike<number | bigint>, Number);

/** By ONNX's number of the type that comes out. */
const casts: Readonly<Record<number, (x: TensorData) => TensorData | undefined>> = {
  [dtypeCodes.float32]: (x) => float32(x.shape, numbersOf(x)),
  [dtypeCodes.int32]: (x) => {
    const all = numbersOf(x).map(Math.trunc);
    const isSafe = all.every((value) => Math.abs(value) < 2 ** 31);
    return isSafe ? tensorData('int32', x.shape, Int32Array.from(all)) : undefined;
  },
  [dtypeCodes.int64]: (x) => {
    const all = numbersOf(x).map(Math.trunc);
    return all.every(Number.isSafeInteger) ? int64(x.shape, all) : undefined;
  },
};

/** As what divides and rounds down asks for the sign of its divisor. */
const isLess: Fold = (_, [a, b]) => {
  if (a?.dtype !== b?.dtype || a?.dtype === 'float16' || elementCount(a!.shape) > MAX_CAST)
    return undefined;
  if (elementCount(b!.shape) !== 1 || b!.shape.length > a!.shape.length) return undefined;
  const limit = (b!.read() as ArrayLike<number | bigint>)[0]!;
  const isBelow = (x: number | bigint): number => Number(x < limit);
  const values = a!.read() as ArrayLike<number | bigint>;
  return tensorData('bool', a!.shape, Uint8Array.from(Array.from(values, isBelow)));
};

const folds: Readonly<Record<string, Fold>> = {
  Add: elementwise,
  Sub: elementwise,
  Mul: elementwise,
  Div: elementwise,
  Less: isLess,
  Transpose: (node, [x]) => {
    const perm = intsOf(node, 'perm') ?? x!.shape.map((_, axis) => axis).reverse();
    return transposed(x!, perm);
  },
  Reshape: (node, [x, target]) => {
    if (target === undefined || !hasOnly(node)) return undefined;
    const wanted = Array.from(target.read() as BigInt64Array, Number);
    const dims = wanted.map((dim, axis) => (dim === 0 ? x!.shape[axis]! : dim));
    const [known, total] = [elementCount(dims.filter((dim) => dim !== -1)), elementCount(x!.shape)];
    const shape = dims.map((dim) => (dim === -1 ? total / known : dim));
    return elementCount(shape) === total ? reshaped(x!, shape) : undefined;
  },
  Unsqueeze: (node, inputs) => {
    const [x] = inputs;
    const axes = axesOf(node, inputs);
    if (axes === undefined) return undefined;
    const rank = x!.shape.length + axes.length;
    const places = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
    const rest = [...x!.shape];
    return reshaped(
      x!,
      Array.from({ length: rank }, (_, axis) => (places.has(axis) ? 1 : rest.shift()!)),
    );
  },
  Squeeze: (node, inputs) => {
    const { shape } = inputs[0]!;
    const axes = axesOf(node, inputs)?.map((axis) => (axis < 0 ? axis + shape.length : axis));
    if (axes?.every((axis) => shape[axis] === 1) !== true) return undefined;
    return reshaped(
      inputs[0]!,
      shape.filter((_, axis) => !axes.includes(axis)),
    );
  },
  Cast: (node, [x]) => {
    const { to } = node.attributes;
    if (to?.type !== 'int') return undefined;
    if (dtypeCodes[x!.dtype] === to.value) return x;
    const convert = casts[to.value];
    return convert === undefined || elementCount(x!.shape) > MAX_CAST ? undefined : convert(x!);
  },
};

/** A node of constants is a constant. */
export const foldConstants: Rule = (node, context) => {
  const [output, ...others] = node.outputs;
  const fold = Object.hasOwn(folds, node.opType) ? folds[node.opType] : undefined;
  if (fold === undefined || others.length > 0 || context.isOutput(output!)) return undefined;
  const inputs = node.inputs.map((name) => context.constant(name));
  if (!inputs.every((data) => data !== undefined)) return undefined;
  const data = fold(node, inputs);
  return data && { nodes: [], renamed: [output!, context.store(`${output}_value`, data)] };
};

/** Constants that nodes hold become initializers, under the same name. */
export function liftConstants(graph: Graph): Graph {
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const lifted = new Map<Node, Initializer>();
  for (const node of graph.nodes) {
    const { value } = node.attributes;
    const [name] = node.outputs;
    if (node.opType === 'Constant' && value?.type === 'tensor' && !outputs.has(name!))
      lifted.set(node, { name: name!, data: value.value });
  }
  if (lifted.size === 0) return graph;
  return {
    ...graph,
    nodes: graph.nodes.filter((node) => !lifted.has(node)),
    initializers: [...graph.initializers, ...lifted.values()],
  };
}
