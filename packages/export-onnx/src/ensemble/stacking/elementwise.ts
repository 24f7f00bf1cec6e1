import type { Shape } from '../../onnx/model.ts';
import type { TensorData } from '../../onnx/tensor-data.ts';
import { toChannels, toMembers, type Emitter } from './form.ts';
import { areEqual, stackedData } from './stack-constants.ts';
import type { StackingRule } from './step.ts';

/** A node of one value and constants that all members share: element by element. */
export const elementwise: StackingRule = ({ node, inputs, shape, emitter }) => {
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

export const binary: StackingRule = ({ node, inputs, shape, emitter }) => {
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
export function memberConstant(all: readonly TensorData[], rank: number): TensorData {
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
