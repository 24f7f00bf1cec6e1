import { int } from '../../onnx/model.ts';
import { toChannels, vector } from './form.ts';
import { areEqual, stackedData } from './stack-constants.ts';
import { number, valueOf, type StackingRule } from './step.ts';

export const conv: StackingRule = ({ node, inputs, shape, emitter }) => {
  const [input, kernels, biases] = inputs;
  const from = valueOf(input);
  if (from === undefined || kernels?.constants === undefined) return 'its kernel is not a constant';
  if (inputs.length > 2 && biases !== undefined && biases.constants === undefined)
    return 'its bias is not a constant';
  const { members } = emitter;
  const group = number(node, 'group', 1);
  // On an input that all share, one convolution with everyone's filters; else every member is a group, or several.
  const value = toChannels(emitter, from, group > 1);
  const [first] = kernels.constants;
  const [filters, ...rest] = first!.shape as [number, ...number[]];
  const kernel = stackedData(kernels.constants, [members * filters, ...rest]);
  const name = emitter.node(
    'Conv',
    [
      value.name,
      emitter.constant('kernel', kernel),
      ...(biases?.constants
        ? [emitter.constant('bias', stackedData(biases.constants, [members * filters]))]
        : []),
    ],
    { ...node.attributes, group: int(value.kind === 'shared' ? group : members * group) },
  );
  return shape === undefined
    ? 'the shape of its result is unknown'
    : { kind: 'channels', name, shape };
};

export const batchNormalization: StackingRule = ({ node, inputs, shape, emitter }) => {
  const [input, ...parameters] = inputs;
  const from = valueOf(input);
  if (from === undefined || shape === undefined) return 'the shape of its result is unknown';
  if (parameters.some((parameter) => parameter?.constants === undefined))
    return 'its parameters are not constants';
  const value = toChannels(emitter, from, true);
  const constants = parameters.map((parameter) => {
    const all = parameter!.constants!;
    return emitter.constant('parameter', stackedData(all, [emitter.members * all[0]!.shape[0]!]));
  });
  const name = emitter.node('BatchNormalization', [value.name, ...constants], node.attributes);
  return { kind: 'channels', name, shape };
};

/** A node that leaves axes 0 and 1 alone: pooling over the spatial axes, say. */
export const perChannel: StackingRule = ({ node, inputs, shape, emitter }) => {
  const from = valueOf(inputs[0]);
  if (from === undefined || shape === undefined || inputs.length > 1)
    return 'the shape of its result is unknown';
  const value = toChannels(emitter, from, false);
  return { ...value, name: emitter.node(node.opType, [value.name], node.attributes), shape };
};

export const pad: StackingRule = ({ node, inputs, shape, emitter }) => {
  const from = valueOf(inputs[0]);
  const amounts = inputs[1]?.constants;
  const value = inputs[2]?.constants;
  if (from === undefined || shape === undefined || amounts === undefined || !areEqual(amounts))
    return 'its amounts are unknown';
  if (value !== undefined && !areEqual(value)) return 'its constants differ from member to member';
  const pads = Array.from(amounts[0]!.read(), Number);
  const rank = from.shape.length;
  if ([0, 1, rank, rank + 1].some((at) => pads[at] !== 0)) return 'it pads the channels';
  const stacked = toChannels(emitter, from, false);
  const name = emitter.node(
    'Pad',
    [stacked.name, vector(emitter, pads), ...(value ? [emitter.constant('value', value[0]!)] : [])],
    node.attributes,
  );
  return { ...stacked, name, shape };
};
