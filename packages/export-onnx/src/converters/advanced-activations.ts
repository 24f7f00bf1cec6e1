import { channelsFirst, plain } from '../graph/layout.ts';
import { scalar, unary, withMask } from '../graph/ops.ts';
import { float, int } from '../onnx/model.ts';
import { reshaped, transposed } from '../onnx/tensor-data.ts';
import { ConfigProblem, type LayerConverter } from './types.ts';

// Y = Relu(X), capped by Min(Y, maxValue)
const reLU: LayerConverter = ({ config }, [input], graph) => {
  const out = unary(graph, 'Relu', input!);
  if (!config.has('maxValue')) return out;
  const top = scalar(graph, config.number('maxValue'));
  return withMask(graph.op('Min', [out, top], out), out.mask);
};

const leakyReLU: LayerConverter = ({ config }, [input], graph) =>
  unary(graph, 'LeakyRelu', input!, { alpha: float(config.number('alpha', 0.3)) });

const elu: LayerConverter = ({ config }, [input], graph) => {
  const alpha = config.number('alpha', 1);
  if (alpha !== 1)
    throw new ConfigProblem(`ELU with alpha ${alpha} does not run in tfjs`, 'Use alpha 1.');
  return unary(graph, 'Elu', input!, { alpha: float(alpha) });
};

// Y = X where X > theta, else 0
const thresholdedReLU: LayerConverter = ({ config }, [input], graph) =>
  unary(graph, 'ThresholdedRelu', input!, { alpha: float(config.number('theta', 1)) });

// Y = PRelu(X, alpha)   (opset 16)
const pReLU: LayerConverter = (layer, [input], graph) => {
  const isSpatial = input!.layout === 'channelsFirst';
  const from = isSpatial ? channelsFirst(graph, input!) : plain(graph, input!);
  const shared = layer.config.raw('sharedAxes');
  const list = (Array.isArray(shared) ? shared : shared === undefined ? [] : [shared]) as number[];
  const shape = from.shape.slice(1).map((dim, index) => {
    if (list.includes(index + 1)) return 1;
    if (typeof dim === 'number') return dim;
    throw new ConfigProblem(
      `axis ${index + 1} is unknown and not shared`,
      'Name it in sharedAxes.',
    );
  });
  const alpha = layer.weight('alpha', shape);
  const axes = shape.map((_, axis) => axis);
  const slope = isSpatial ? transposed(alpha, [axes.at(-1)!, ...axes.slice(0, -1)]) : alpha;
  const inputs = [from, graph.constant('alpha', reshaped(slope, slope.shape))];
  return withMask(graph.op('PRelu', inputs, from), input!.mask);
};

const softmax: LayerConverter = (layer, [input], graph) => {
  const from = plain(graph, input!);
  const rank = from.shape.length;
  const raw = layer.config.raw('axis') ?? 1;
  const axis = Array.isArray(raw) && raw.length === 1 ? (raw[0] as unknown) : raw;
  if (axis !== -1 && axis !== rank - 1)
    throw new ConfigProblem(
      `Softmax over axis ${JSON.stringify(raw)} of rank ${rank} does not run in tfjs`,
      'Use axis -1.',
    );
  if (layer.executorMask !== undefined)
    throw new ConfigProblem(
      'tfjs adds the mask to the logits of a Softmax layer behind masked layers',
      'Use activation "softmax" in the layer before.',
    );
  return unary(graph, 'Softmax', from, { axis: int(rank - 1) });
};

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
