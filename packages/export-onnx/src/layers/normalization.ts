import type { GraphBuilder } from '../graph/builder.ts';
import { featureOrder, plain } from '../graph/layout.ts';
import { binary, exactDim, transpose, withMask } from '../graph/ops.ts';
import { Refusal } from '../graph/refusal.ts';
import { physicalAxis, type Value } from '../graph/value.ts';
import { elementCount } from '../onnx/dtype.ts';
import { float, int } from '../onnx/model.ts';
import { derived, float32, reshaped, type TensorData } from '../onnx/tensor-data.ts';
import type { Layer, LayerConverter } from './layer.ts';

interface Moments {
  readonly gamma: TensorData;
  readonly beta: TensorData;
  readonly mean: TensorData;
  readonly variance: TensorData;
}

// Far above any real layer; a lying topology must not decide how much memory is taken.
const MAX_FILLED = 2 ** 26;

function filled(shape: readonly number[], value: number): TensorData {
  const count = elementCount(shape);
  if (count > MAX_FILLED)
    throw new Refusal(
      `its shape [${shape.join(', ')}] is impossibly large`,
      'Correct the topology.',
    );
  return float32(shape, new Float32Array(count).fill(value));
}

function momentsOf(layer: Layer, channels: number): Moments {
  const constant = (value: number): TensorData => filled([channels], value);
  return {
    gamma: layer.config.boolean('scale', true) ? layer.weight('gamma', [channels]) : constant(1),
    beta: layer.config.boolean('center', true) ? layer.weight('beta', [channels]) : constant(0),
    mean: layer.weight('moving_mean', [channels]),
    variance: layer.weight('moving_variance', [channels]),
  };
}

// Y = BatchNormalization(X, gamma, beta, mean, variance) over axis 1   (opset 15); elsewhere Mul, Add
const batchNormalization: LayerConverter = (layer, [input], graph) => {
  const rank = input!.shape.length;
  // Keras 2 writes a list of one.
  const axis = axisOf(layer.config.sizes('axis', 1, [-1], -rank)[0]!, rank);
  const channels = exactDim(input!, axis, 'the number of channels');
  const epsilon = layer.config.number('epsilon', 1e-3);
  const moments = inOrder(momentsOf(layer, channels), input!);
  if (physicalAxis(input!, axis) === 1) {
    const { gamma, beta, mean, variance } = moments;
    const inputs = [
      input!,
      graph.constant('gamma', gamma),
      graph.constant('beta', beta),
      graph.constant('moving_mean', mean),
      graph.constant('moving_variance', variance),
    ];
    const output = graph.op('BatchNormalization', inputs, input!, { epsilon: float(epsilon) });
    return withMask(output, input!.mask);
  }
  const from = plain(graph, input!);
  return withMask(affine(graph, from, moments, epsilon, axis), input!.mask);
};

function axisOf(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(positive) && positive >= 1 && positive < rank) return positive;
  throw new Refusal(`axis is ${axis}, its input has rank ${rank}`, 'Use an axis from 1 on.');
}

/** Constants in the order in which the input's features are stored. */
function inOrder(moments: Moments, input: Value): Moments {
  const order = featureOrder(input);
  if (order === undefined || typeof input.layout === 'string') return moments;
  const recipe = `flattened ${input.layout.inner.join()}`;
  const pick = (tensor: TensorData): TensorData =>
    derived([tensor], recipe, tensor.shape, (elements) =>
      Float32Array.from(order, (from) => (elements as Float32Array)[from]!),
    );
  const { gamma, beta, mean, variance } = moments;
  return { gamma: pick(gamma), beta: pick(beta), mean: pick(mean), variance: pick(variance) };
}

/** x · γ/√(σ² + ε) + (β − μ γ/√(σ² + ε)), the constants computed in float64. */
function affine(
  graph: GraphBuilder,
  input: Value,
  { gamma, beta, mean, variance }: Moments,
  epsilon: number,
  axis: number,
): Value {
  const shape = [gamma.shape[0]!, ...new Array<number>(input.shape.length - 1 - axis).fill(1)];
  const scaleOf = (g: Float32Array, v: Float32Array, index: number): number =>
    g[index]! / Math.sqrt(v[index]! + epsilon);
  const scale = derived([gamma, variance], `scale ${epsilon}`, gamma.shape, (...all) => {
    const [g, v] = all as Float32Array[];
    return Float32Array.from(g!, (_, index) => scaleOf(g!, v!, index));
  });
  const offset = derived(
    [gamma, beta, mean, variance],
    `offset ${epsilon}`,
    gamma.shape,
    (...all) => {
      const [g, b, m, v] = all as Float32Array[];
      return Float32Array.from(g!, (_, index) => b![index]! - m![index]! * scaleOf(g!, v!, index));
    },
  );
  const scaled = binary(graph, 'Mul', input, graph.constant('scale', reshaped(scale, shape)));
  return binary(graph, 'Add', scaled, graph.constant('offset', reshaped(offset, shape)));
}

// Y = LayerNormalization(X, gamma, beta) over the last axes   (opset 17); others are moved there and back
const layerNormalization: LayerConverter = (layer, [input], graph) => {
  const rank = input!.shape.length;
  const raw = layer.config.raw('axis') ?? -1;
  const given = (Array.isArray(raw) ? raw : [raw]).map((axis) => axisOf(Number(axis), rank));
  if (new Set(given).size < given.length)
    throw new Refusal(`axis [${given.join(', ')}] names one of them twice`, 'Name each axis once.');
  // In the order given; tfjs reads them as if they were in rising order.
  const shape = given.map((axis) => exactDim(input!, axis, 'the normalized axes'));
  const axes = given.toSorted((a, b) => a - b);
  const rising = axes.map((axis) => input!.shape[axis] as number);
  const constant = (value: number): TensorData => filled(shape, value);
  const gamma = layer.config.boolean('scale', true) ? layer.weight('gamma', shape) : constant(1);
  const beta = layer.config.boolean('center', true) ? layer.weight('beta', shape) : constant(0);
  const order = [
    ...Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !axes.includes(axis)),
    ...axes,
  ];
  const isLast = order.every((axis, index) => axis === index);
  const from = isLast ? plain(graph, input!) : transpose(graph, input!, order);
  const inputs = [
    from,
    graph.constant('gamma', reshaped(gamma, rising)),
    graph.constant('beta', reshaped(beta, rising)),
  ];
  const output = graph.op('LayerNormalization', inputs, from, {
    axis: int(rank - axes.length),
    epsilon: float(layer.config.number('epsilon', 1e-3)),
  });
  const back = order.map((_, axis) => order.indexOf(axis));
  return withMask(isLast ? output : transpose(graph, output, back), input!.mask);
};

export type NormalizationClass = 'BatchNormalization' | 'LayerNormalization';

export const normalization: Readonly<Record<NormalizationClass, LayerConverter>> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
};
