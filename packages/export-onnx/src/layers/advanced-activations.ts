import type { Attributes, GraphBuilder } from '../graph/builder.ts';
import { channelsFirst, plain } from '../graph/layout.ts';
import { binary, cast, reduce, scalar, unary, withMask } from '../graph/ops.ts';
import { Refusal } from '../graph/refusal.ts';
import type { Value } from '../graph/value.ts';
import { float, int } from '../onnx/model.ts';
import { reshaped, transposed } from '../onnx/tensor-data.ts';
import type { LayerConverter } from './layer.ts';

// Y = Relu(X); with maxValue Clip(X, 0, maxValue), which runtimes put into the convolution before it, as they do not Min   (opset 13)
const reLU: LayerConverter = ({ config }, [input], graph) => {
  for (const key of ['negativeSlope', 'threshold'])
    if (config.number(key, 0) !== 0)
      throw new Refusal(`ReLU with ${key} does not run in tfjs`, 'Use LeakyReLU.');
  if (!config.has('maxValue')) return unary(graph, 'Relu', input!);
  const bounds = [scalar(graph, 0), scalar(graph, config.number('maxValue'))];
  return withMask(graph.op('Clip', [input!, ...bounds], input!), input!.mask);
};

// Keras 3 calls alpha negative_slope.
const leakyReLU: LayerConverter = ({ config }, [input], graph) => {
  const alpha = config.number('alpha', config.number('negativeSlope', 0.3));
  return unmasked(graph, 'LeakyRelu', input!, { alpha: float(alpha) });
};

const elu: LayerConverter = ({ config }, [input], graph) => {
  const alpha = config.number('alpha', 1);
  if (alpha !== 1)
    throw new Refusal(`ELU with alpha ${alpha} does not run in tfjs`, 'Use alpha 1.');
  return unmasked(graph, 'Elu', input!, { alpha: float(alpha) });
};

// Y = X where X > theta, else 0
const thresholdedReLU: LayerConverter = ({ config }, [input], graph) =>
  unmasked(graph, 'ThresholdedRelu', input!, { alpha: float(config.number('theta', 1)) });

// Y = PRelu(X, alpha)   (opset 16)
const pReLU: LayerConverter = (layer, [input], graph) => {
  const isSpatial = input!.layout === 'channelsFirst';
  const from = isSpatial ? channelsFirst(graph, input!) : plain(graph, input!);
  const shared = layer.config.raw('sharedAxes');
  const list = (Array.isArray(shared) ? shared : shared === undefined ? [] : [shared]) as number[];
  const shape = from.shape.slice(1).map((dim, index) => {
    if (list.includes(index + 1)) return 1;
    if (typeof dim === 'number') return dim;
    throw new Refusal(`axis ${index + 1} is unknown and not shared`, 'Name it in sharedAxes.');
  });
  const alpha = layer.weight('alpha', shape);
  const axes = shape.map((_, axis) => axis);
  const slope = isSpatial ? transposed(alpha, [axes.at(-1)!, ...axes.slice(0, -1)]) : alpha;
  const inputs = [from, graph.constant('alpha', reshaped(slope, slope.shape))];
  return withMask(graph.op('PRelu', inputs, from), input!.mask);
};

/** tfjs drops the mask at layers that do not say they support it. */
function unmasked(
  graph: GraphBuilder,
  opType: string,
  input: Value,
  attributes: Attributes,
): Value {
  return unary(graph, opType, withMask(input, undefined), attributes);
}

// Y = Softmax(X + (1 − mask) · −10⁹), the mask being whichever the executor carries along
const softmax: LayerConverter = (layer, [input], graph) => {
  const from = withMask(plain(graph, input!), undefined);
  const rank = from.shape.length;
  const raw = layer.config.raw('axis') ?? 1;
  const axes = (Array.isArray(raw) ? raw : [raw]) as readonly unknown[];
  const places = axes.map((axis) => (typeof axis === 'number' && axis < 0 ? axis + rank : axis));
  if (!places.every((axis): axis is number => Number.isInteger(axis) && (axis as number) < rank))
    throw new Refusal(`axis is ${JSON.stringify(raw)}`, 'Use axis -1.');
  const logits = layer.executorMask ? maskedLogits(graph, from, layer.executorMask) : from;
  if (places.length > 1) {
    const total = reduce(graph, 'ReduceLogSumExp', logits, places);
    return unary(graph, 'Exp', binary(graph, 'Sub', logits, total));
  }
  if (places[0] !== rank - 1)
    throw new Refusal(
      `Softmax over axis ${JSON.stringify(raw)} of rank ${rank} does not run in tfjs`,
      'Use axis -1.',
    );
  return unary(graph, 'Softmax', logits, { axis: int(rank - 1) });
};

function maskedLogits(graph: GraphBuilder, logits: Value, mask: Value): Value {
  const isSame = mask.shape.length === logits.shape.length && mask.shape[0] === logits.shape[0];
  const fits = isSame && mask.shape.every((dim, axis) => dim === 1 || dim === logits.shape[axis]);
  if (!fits)
    throw new Refusal(
      `the mask [${mask.shape.join(', ')}] that tfjs carries here from layers before does not fit the logits [${logits.shape.join(', ')}]`,
      'Use activation "softmax" in the layer before.',
    );
  const kept = cast(graph, mask, 'float32');
  const away = binary(graph, 'Sub', scalar(graph, 1), kept);
  const shifted = binary(graph, 'Mul', { ...away, shape: mask.shape }, scalar(graph, -1e9));
  return binary(graph, 'Add', logits, shifted);
}

export type AdvancedActivationClass =
  'ELU' | 'LeakyReLU' | 'PReLU' | 'ReLU' | 'Softmax' | 'ThresholdedReLU';

export const advancedActivations: Readonly<Record<AdvancedActivationClass, LayerConverter>> = {
  ELU: elu,
  LeakyReLU: leakyReLU,
  PReLU: pReLU,
  ReLU: reLU,
  Softmax: softmax,
  ThresholdedReLU: thresholdedReLU,
};
