import { channelsFirst } from '../../graph/layout.ts';
import { Refusal } from '../../graph/refusal.ts';
import { float, int } from '../../onnx/model.ts';
import { checkRank, emits, input, type OpCall, type OpConverters } from '../op.ts';
import { floatInput, mustBeLast } from './windows.ts';

const lrn = emits(({ attributes, graph, ...call }) => {
  checkRank(call as OpCall, 0, 4, 4);
  const x = channelsFirst(graph, input(call as OpCall, 0).value(call.scope));
  const size = 2 * attributes.int('depth_radius', 5) + 1;
  const attrs = {
    size: int(size),
    // TensorFlow sums squares, ONNX takes their mean.
    alpha: float(attributes.float('alpha', 1) * size),
    beta: float(attributes.float('beta', 0.5)),
    bias: float(attributes.float('bias', 1)),
  };
  return graph.op('LRN', [x], x, attrs);
});

/** γ (x − μ) / √(σ² + ε) + β on the last axis. */
const batchNorm = emits((call) => {
  const { attributes, graph } = call;
  mustBeLast(call);
  checkRank(call, 0, 2, 4);
  const moments = [1, 2, 3, 4].map((index) => input(call, index));
  if (attributes.boolean('is_training', false) || moments.some(({ shape }) => shape[0] === 0))
    throw new Refusal(
      `${call.op} that computes its mean from the input (as tf.keras makes LayerNormalization) is NaN in tfjs`,
      'Convert the model for inference, or replace the layer.',
    );
  const epsilon = attributes.has('epsilon') ? attributes.float('epsilon', 1e-4) : 1e-4;
  const x = channelsFirst(graph, floatInput(call, input(call, 0).shape.length));
  const values = moments.map((tensor) => tensor.value(call.scope));
  return graph.op('BatchNormalization', [x, ...values], x, { epsilon: float(epsilon) });
});

export const normalizations: OpConverters = {
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  LRN: lrn,
};
