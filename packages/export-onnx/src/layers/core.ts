import type { GraphBuilder } from '../graph/builder.ts';
import { featureOrder, plain } from '../graph/layout.ts';
import {
  binary,
  cast,
  compare,
  exactDim,
  matMul,
  reduce,
  reshape,
  scalar,
  squeeze,
  transpose,
  unsqueeze,
  withMask,
} from '../graph/ops.ts';
import { Refusal } from '../graph/refusal.ts';
import type { Value } from '../graph/value.ts';
import { derived, int64, type TensorData } from '../onnx/tensor-data.ts';
import { activationOf } from './activations.ts';
import type { LayerConverter } from './layer.ts';

/** Dropout and noise do nothing outside training. */
const identity: LayerConverter = (_layer, [input]) => input!;

// Y = Gemm(X, W, b)  X·W + b   (opset 13); rank 3 and above: MatMul, Add
const dense: LayerConverter = (layer, [input], graph) => {
  const units = layer.config.size('units');
  const features = exactDim(input!, -1, 'the number of features');
  const kernel = layer.weight('kernel', [features, units]);
  const bias = layer.config.boolean('useBias', true) ? layer.weight('bias', [units]) : undefined;
  const output = activationOf(layer.config)(graph, product(graph, input!, kernel, bias));
  return withMask(output, input!.mask);
};

function product(
  graph: GraphBuilder,
  input: Value,
  kernel: TensorData,
  bias: TensorData | undefined,
): Value {
  const from = input.shape.length === 2 ? input : plain(graph, input);
  const weights = graph.constant('kernel', rowsAsStored(kernel, from));
  const offset = bias && graph.constant('bias', bias);
  if (from.shape.length === 2) {
    const shape = [from.shape[0]!, kernel.shape[1]!];
    const inputs = [from, weights, ...(offset ? [offset] : [])];
    return graph.op('Gemm', inputs, { dtype: 'float32', shape });
  }
  const matrix = matMul(graph, from, weights);
  return offset ? binary(graph, 'Add', matrix, offset) : matrix;
}

/** The kernel with its rows in the order in which the input's features are stored. */
function rowsAsStored(kernel: TensorData, input: Value): TensorData {
  const order = featureOrder(input);
  if (order === undefined || typeof input.layout === 'string') return kernel;
  const columns = kernel.shape[1]!;
  const recipe = `rows of flattened ${input.layout.inner.join()}`;
  return derived([kernel], recipe, kernel.shape, (elements) => {
    const from = elements as Float32Array;
    const out = new Float32Array(from.length);
    order.forEach((row, to) => {
      out.set(from.subarray(row * columns, (row + 1) * columns), to * columns);
    });
    return out;
  });
}

const activation: LayerConverter = (layer, [input], graph) =>
  withMask(activationOf(layer.config)(graph, input!), input!.mask);

// Y = Reshape(X, [0, -1])   (opset 14)
const flatten: LayerConverter = (layer, [input], graph) => {
  const isChannelsFirst =
    layer.config.choice('dataFormat', ['channelsFirst', 'channelsLast'], 'channelsLast') ===
    'channelsFirst';
  const from = isChannelsFirst && input!.shape.length > 1 ? channelsToLast(graph, input!) : input!;
  const inner = from.shape.slice(1);
  if (inner.length === 1) return withMask(from, undefined);
  if (!inner.every((dim) => typeof dim === 'number'))
    throw new Refusal(
      `Flatten needs exact dimensions, its input is [${from.shape.join(', ')}]`,
      'Give the input an exact shape.',
    );
  const size = inner.reduce((product, dim) => product * dim, 1);
  const shape = [from.shape[0]!, size];
  if (from.layout !== 'channelsFirst') return reshape(graph, from, shape);
  const target = graph.constant(`shape_0_${size}`, int64([2], [0, size]));
  return graph.op('Reshape', [from, target], { dtype: from.dtype, shape, layout: { inner } });
};

function channelsToLast(graph: GraphBuilder, input: Value): Value {
  const axes = input.shape.map((_, axis) => axis);
  return transpose(graph, input, [0, ...axes.slice(2), 1]);
}

const reshapeLayer: LayerConverter = (layer, [input], graph) => {
  const target = layer.config.raw('targetShape');
  const isTarget = (list: unknown): list is readonly (number | null)[] =>
    Array.isArray(list) &&
    list.every((dim) => dim === null || (Number.isSafeInteger(dim) && dim !== 0));
  if (!isTarget(target))
    throw new Refusal(
      `targetShape is ${JSON.stringify(target)}`,
      'A target is a list of integers, none of them 0, at most one of them -1.',
    );
  const from = input!.shape.slice(1);
  const isOpen = (dim: number | null): boolean => dim === null || dim < 0;
  const known = target.reduce<number>((size, dim) => (isOpen(dim) ? size : size * dim!), 1);
  const total = from.reduce<number>((size, dim) => (typeof dim === 'number' ? size * dim : NaN), 1);
  const open = (): number | string =>
    Number.isNaN(total) ? graph.unknownDim('reshaped') : total / known;
  return reshape(graph, withMask(input!, undefined), [
    input!.shape[0]!,
    ...target.map((dim) => (isOpen(dim) ? open() : dim!)),
  ]);
};

const permute: LayerConverter = (layer, [input], graph) => {
  const dims = layer.config.sizes('dims', input!.shape.length - 1);
  if (dims.toSorted((a, b) => a - b).some((dim, index) => dim !== index + 1))
    throw new Refusal(
      `dims [${dims.join(', ')}] is not a permutation`,
      'List each axis from 1 once.',
    );
  return transpose(graph, input!, [0, ...dims]);
};

// Y = Expand(Unsqueeze(X, [1]), [1, n, 1])   (opset 13)
const repeatVector: LayerConverter = (layer, [input], graph) => {
  const n = layer.config.size('n');
  const opened = unsqueeze(graph, input!, [1]);
  const shape = [opened.shape[0]!, n, opened.shape[2]!];
  const target = graph.constant(`shape_1_${n}_1`, int64([3], [1, n, 1]));
  return graph.op('Expand', [opened, target], { dtype: input!.dtype, shape });
};

// mask = any(X ≠ value) over the last axis; Y = X · mask
const masking: LayerConverter = (layer, [input], graph) => {
  const from = plain(graph, input!);
  const value = layer.config.number('maskValue', 0);
  const equal = compare(graph, 'Equal', from, scalar(graph, value));
  const counts = cast(graph, graph.op('Not', [equal], equal), 'float32');
  const any = reduce(graph, 'ReduceMax', counts, [from.shape.length - 1]);
  const mask = cast(graph, squeeze(graph, any, [from.shape.length - 1]), 'bool');
  return withMask(binary(graph, 'Mul', from, any), mask);
};

export type CoreClass =
  | 'Activation'
  | 'AlphaDropout'
  | 'Dense'
  | 'Dropout'
  | 'Flatten'
  | 'GaussianDropout'
  | 'GaussianNoise'
  | 'Masking'
  | 'Permute'
  | 'RepeatVector'
  | 'Reshape'
  | 'SpatialDropout1D';

export const core: Readonly<Record<CoreClass, LayerConverter>> = {
  Activation: activation,
  AlphaDropout: identity,
  Dense: dense,
  Dropout: identity,
  Flatten: flatten,
  GaussianDropout: identity,
  GaussianNoise: identity,
  Masking: masking,
  Permute: permute,
  RepeatVector: repeatVector,
  Reshape: reshapeLayer,
  SpatialDropout1D: identity,
};
