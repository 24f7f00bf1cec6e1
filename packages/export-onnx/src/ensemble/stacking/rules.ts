import { int, ints, type Node, type Shape } from '../../onnx/model.ts';
import { transposed, type TensorData } from '../../onnx/tensor-data.ts';
import {
  apart,
  membersFirst,
  toChannels,
  toMembers,
  vector,
  type Emitter,
  type Form,
} from './form.ts';
import { areEqual, stackedData } from './stack-constants.ts';

/** An operand of a node: a value of the graph, or each member's constant. */
export type Operand =
  | { readonly form: Form; readonly constants?: undefined }
  | { readonly constants: readonly TensorData[]; readonly form?: undefined };

/** One node of the members' graphs. */
export interface Step {
  readonly node: Node;
  /** Undefined for an optional input that is left out. */
  readonly inputs: readonly (Operand | undefined)[];
  /** Shape of its first output, of one member; undefined where it is not known. */
  readonly shape: Shape | undefined;
  readonly emitter: Emitter;
}

/** The node for all members at once, or why that cannot be. */
export type StackingRule = (step: Step) => Form | string;

const number = (node: Node, name: string, fallback: number): number => {
  const attribute = node.attributes[name];
  return attribute?.type === 'int' ? attribute.value : fallback;
};

function valueOf(operand: Operand | undefined): Form | undefined {
  return operand?.form;
}

/** Any axis, counted from the front. */
function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

// Element by element, or over each channel's own values: the same in every form.
const conv: StackingRule = ({ node, inputs, shape, emitter }) => {
  const [input, kernels, biases] = inputs;
  const from = valueOf(input);
  if (from === undefined || kernels?.constants === undefined) return 'its kernel is no constant';
  if (inputs.length > 2 && biases !== undefined && biases.constants === undefined)
    return 'its bias is no constant';
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

const batchNormalization: StackingRule = ({ node, inputs, shape, emitter }) => {
  const [input, ...parameters] = inputs;
  const from = valueOf(input);
  if (from === undefined || shape === undefined) return 'the shape of its result is unknown';
  if (parameters.some((parameter) => parameter?.constants === undefined))
    return 'its parameters are no constants';
  const value = toChannels(emitter, from, true);
  const constants = parameters.map((parameter) => {
    const all = parameter!.constants!;
    return emitter.constant('parameter', stackedData(all, [emitter.members * all[0]!.shape[0]!]));
  });
  const name = emitter.node('BatchNormalization', [value.name, ...constants], node.attributes);
  return { kind: 'channels', name, shape };
};

/** A node that leaves axes 0 and 1 alone: pooling over the spatial axes, say. */
const perChannel: StackingRule = ({ node, inputs, shape, emitter }) => {
  const from = valueOf(inputs[0]);
  if (from === undefined || shape === undefined || inputs.length > 1)
    return 'the shape of its result is unknown';
  const value = toChannels(emitter, from, false);
  return { ...value, name: emitter.node(node.opType, [value.name], node.attributes), shape };
};

/** A node of one value and constants that all members share: element by element. */
const elementwise: StackingRule = ({ node, inputs, shape, emitter }) => {
  const [from, ...others] = inputs.map((operand) => operand?.form);
  if (from === undefined || others.some((other) => other !== undefined))
    return 'it has several values as inputs';
  const constants = inputs.slice(1).map((operand) => operand?.constants);
  if (constants.some((all) => all !== undefined && !areEqual(all)))
    return 'its constants differ from member to member';
  const rest = constants.map((all) => (all ? emitter.constant('constant', all[0]!) : ''));
  const make = (name: string): string =>
    emitter.node(node.opType, [name, ...rest], node.attributes);
  const own = shape ?? from.shape;
  return from.kind === 'apart'
    ? { ...from, names: from.names.map(make), shape: own }
    : { ...from, name: make(from.name), shape: own };
};

const binary: StackingRule = ({ node, inputs, shape, emitter }) => {
  if (shape === undefined || inputs.length !== 2) return 'the shape of its result is unknown';
  const forms = inputs.flatMap((operand) => operand?.form ?? []);
  if (forms.some(({ kind }) => kind === 'apart')) return 'what comes before is not stacked';
  const isChannels =
    forms.every(({ kind }) => kind !== 'members') && forms.some(({ kind }) => kind === 'channels');
  // A value of lower rank would meet other axes once the members have one.
  if (forms.some((form) => form.shape.length !== shape.length))
    return 'its inputs have different ranks';
  const operands = inputs.map((operand) => {
    if (operand?.form !== undefined)
      return isChannels
        ? toChannels(emitter, operand.form, true).name
        : toMembers(emitter, operand.form).name;
    const all = operand!.constants;
    return isChannels
      ? channelConstant(emitter, all, shape)
      : emitter.constant('constant', memberConstant(all, shape.length));
  });
  if (operands.some((name) => name === undefined)) return 'a constant differs, but not by channel';
  const name = emitter.node(node.opType, operands as readonly string[], node.attributes);
  return { kind: isChannels ? 'channels' : 'members', name, shape };
};

/** `[members, 1, …, own shape]`; as it is where all members have the same. */
function memberConstant(all: readonly TensorData[], rank: number): TensorData {
  const [first] = all;
  if (areEqual(all)) return first!;
  const ones = Array.from({ length: rank - first!.shape.length }, () => 1);
  return stackedData(all, [all.length, ...ones, ...first!.shape]);
}

function channelConstant(
  emitter: Emitter,
  all: readonly TensorData[],
  { length: rank }: Shape,
): string | undefined {
  const own = all[0]!.shape;
  const axis = own.length - (rank - 1);
  const isByChannel = axis >= 0 && own[axis]! > 1 && own.slice(0, axis).every((dim) => dim === 1);
  if (isByChannel)
    return emitter.constant('constant', stackedData(all, own.with(axis, own[axis]! * all.length)));
  return areEqual(all) ? emitter.constant('constant', all[0]!) : undefined;
}

const gemm: StackingRule = (step) => {
  const { node, inputs, shape, emitter } = step;
  const [input, weights, bias] = inputs;
  const isPlain =
    ['alpha', 'beta'].every((name) => (node.attributes[name]?.value ?? 1) === 1) &&
    number(node, 'transA', 0) === 0;
  if (
    !isPlain ||
    input?.form === undefined ||
    weights?.constants === undefined ||
    shape === undefined
  )
    return 'its weights are no constants';
  if (bias !== undefined && bias.constants === undefined) return 'its bias is no constant';
  const isTurned = number(node, 'transB', 0) === 1;
  const turned = weights.constants.map((data) => (isTurned ? transposed(data, [1, 0]) : data));
  const product = matMulOf(emitter, input.form, turned, shape);
  if (bias?.constants === undefined) return product;
  const name = emitter.node('Add', [
    product.name,
    emitter.constant('bias', memberConstant(bias.constants, shape.length)),
  ]);
  return { ...product, name };
};

const matMul: StackingRule = ({ inputs, shape, emitter }) => {
  const [left, right] = inputs;
  if (left?.form === undefined || shape === undefined) return 'its left side is a constant';
  if (right?.constants !== undefined) {
    if (right.constants[0]!.shape.length !== 2) return 'its weights are no matrix';
    return matMulOf(emitter, left.form, right.constants, shape);
  }
  if (left.form.shape.length !== right!.form.shape.length) return 'its inputs have different ranks';
  const [a, b] = [left.form, right!.form].map((form) => toMembers(emitter, form));
  return { kind: 'members', name: emitter.node('MatMul', [a!.name, b!.name]), shape };
};

/** `[batch, …, inputs]` by everyone's `[inputs, units]`. */
function matMulOf(
  emitter: Emitter,
  from: Form,
  weights: readonly TensorData[],
  shape: Shape,
): Form & { readonly kind: 'members' } {
  const value = toMembers(emitter, from);
  const [rows, units] = weights[0]!.shape as [number, number];
  const ones = Array.from({ length: shape.length - 2 }, () => 1);
  const data = stackedData(weights, [weights.length, ...ones, rows, units]);
  const name = emitter.node('MatMul', [value.name, emitter.constant('weights', data)]);
  return { kind: 'members', name, shape };
}

const reshape: StackingRule = ({ node, inputs, shape, emitter }) => {
  const [from, target] = [valueOf(inputs[0]), inputs[1]?.constants];
  if (from === undefined || shape === undefined || number(node, 'allowzero', 0) !== 0)
    return 'the shape of its result is unknown';
  const dims =
    node.opType === 'Flatten' && number(node, 'axis', 1) === 1
      ? [0, -1]
      : target && areEqual(target)
        ? Array.from(target[0]!.read(), Number)
        : undefined;
  if (dims?.[0] !== 0) return 'its shape depends on the batch';
  const rest = dims.slice(1);
  // Channels of one member lie together, so that they may be opened without moving anything first.
  if (from.kind === 'channels' && !rest.includes(0)) {
    const open = emitter.node('Reshape', [
      from.name,
      vector(emitter, [0, emitter.members, ...rest]),
    ]);
    return { kind: 'members', name: membersFirst(emitter, open, shape.length + 1), shape };
  }
  const value = toMembers(emitter, from);
  const shifted = value.kind === 'shared' ? dims : [0, ...dims];
  return { ...value, name: emitter.node('Reshape', [value.name, vector(emitter, shifted)]), shape };
};

const transpose: StackingRule = ({ node, inputs, shape, emitter }) => {
  const from = valueOf(inputs[0]);
  const perm = node.attributes['perm'];
  if (from === undefined || shape === undefined || perm?.type !== 'ints')
    return 'its order is unknown';
  const value = toMembers(emitter, from);
  const order = value.kind === 'shared' ? perm.value : [0, ...perm.value.map((axis) => axis + 1)];
  return { ...value, name: emitter.node('Transpose', [value.name], { perm: ints(order) }), shape };
};

/** A node that works along one axis, given as an attribute. */
const alongAxis =
  (fallback: number): StackingRule =>
  ({ node, inputs, shape, emitter }) => {
    const forms = inputs.map(valueOf);
    if (shape === undefined || forms.some((form) => form === undefined))
      return 'the shape of its result is unknown';
    const axis = axisOf(number(node, 'axis', fallback), forms[0]!.shape.length);
    const values = forms.map((form) => toMembers(emitter, form!));
    const isShared = values.every(({ kind }) => kind === 'shared');
    if (!isShared && values.some(({ kind }) => kind === 'shared'))
      return 'only some of its inputs are shared';
    const name = emitter.node(
      node.opType,
      values.map((value) => value.name),
      { ...node.attributes, axis: int(isShared ? axis : axis + 1) },
    );
    return { kind: isShared ? 'shared' : 'members', name, shape };
  };

const reduceOf: StackingRule = ({ node, inputs, shape, emitter }) => {
  const from = valueOf(inputs[0]);
  const listed = node.attributes['axes'];
  const input = inputs[1]?.constants;
  const axes =
    listed?.type === 'ints'
      ? listed.value
      : input && areEqual(input)
        ? Array.from(input[0]!.read(), Number)
        : undefined;
  if (from === undefined || shape === undefined || axes === undefined)
    return 'its axes are unknown';
  const rank = from.shape.length;
  const positive = axes.map((axis) => axisOf(axis, rank));
  const isSpatial = from.kind === 'channels' && positive.every((axis) => axis >= 2);
  const value = isSpatial ? (from as Form & { kind: 'channels' }) : toMembers(emitter, from);
  const shifted = value.kind === 'members' ? positive.map((axis) => axis + 1) : positive;
  const name =
    input === undefined
      ? emitter.node(node.opType, [value.name], { ...node.attributes, axes: ints(shifted) })
      : emitter.node(node.opType, [value.name, vector(emitter, shifted)], node.attributes);
  return { kind: value.kind, name, shape };
};

const pad: StackingRule = ({ node, inputs, shape, emitter }) => {
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

const entries = (rule: StackingRule, ...names: readonly string[]): [string, StackingRule][] =>
  names.map((name) => [name, rule]);

/** Operators that work on all members at once, and how. */
export const stackingRules: ReadonlyMap<string, StackingRule> = new Map([
  ...entries(conv, 'Conv'),
  ...entries(batchNormalization, 'BatchNormalization'),
  ...entries(perChannel, 'MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool'),
  ...entries(
    elementwise,
    ...[
      'Relu',
      'Sigmoid',
      'Tanh',
      'Elu',
      'Selu',
      'LeakyRelu',
      'HardSigmoid',
      'Softplus',
      'Softsign',
    ],
    ...[
      'Clip',
      'Exp',
      'Log',
      'Neg',
      'Abs',
      'Sqrt',
      'Erf',
      'Identity',
      'Cast',
      'ThresholdedRelu',
      'Floor',
    ],
  ),
  ...entries(binary, 'Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Pow', 'PRelu'),
  ...entries(gemm, 'Gemm'),
  ...entries(matMul, 'MatMul'),
  ...entries(reshape, 'Reshape', 'Flatten'),
  ...entries(transpose, 'Transpose'),
  ...entries(alongAxis(-1), 'Softmax', 'LogSoftmax', 'Concat'),
  ...entries(reduceOf, 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceSum'),
  ...entries(pad, 'Pad'),
]);

/** The node once for each member. */
export function memberByMember({ node, inputs, shape, emitter }: Step): readonly Form[] {
  const operands = inputs.map((operand): readonly string[] | undefined => {
    if (operand === undefined) return undefined;
    if (operand.form !== undefined) return apart(emitter, operand.form);
    return operand.constants.map((data) => emitter.constant('constant', data));
  });
  const results = Array.from({ length: emitter.members }, (_, member) =>
    emitter.nodes(
      node.opType,
      operands.map((names) => names?.[member] ?? ''),
      node.outputs.length,
      node.attributes,
    ),
  );
  return node.outputs.map((_, output) => ({
    kind: 'apart',
    names: results.map((names) => names[output]!),
    shape: output === 0 && shape !== undefined ? shape : [],
  }));
}
