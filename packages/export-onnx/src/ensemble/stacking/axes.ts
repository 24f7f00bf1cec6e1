import { int, ints } from '../../onnx/model.ts';
import { membersFirst, opened, toMembers, vector, type Form } from './form.ts';
import { areEqual } from './stack-constants.ts';
import { axisOf, number, valueOf, type StackingRule } from './step.ts';

export const reshape: StackingRule = ({ node, inputs, shape, emitter }) => {
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

export const transpose: StackingRule = ({ node, inputs, shape, emitter }) => {
  const from = valueOf(inputs[0]);
  const perm = node.attributes['perm'];
  if (from === undefined || shape === undefined || perm?.type !== 'ints')
    return 'its order is unknown';
  const value = toMembers(emitter, from);
  const order = value.kind === 'shared' ? perm.value : [0, ...perm.value.map((axis) => axis + 1)];
  return { ...value, name: emitter.node('Transpose', [value.name], { perm: ints(order) }), shape };
};

/** A node that works along one axis, given as an attribute. */
export const alongAxis =
  (fallback: number): StackingRule =>
  ({ node, inputs, shape, emitter }) => {
    const forms = inputs.map(valueOf);
    if (shape === undefined || forms.some((form) => form === undefined))
      return 'the shape of its result is unknown';
    const axis = axisOf(number(node, 'axis', fallback), forms[0]!.shape.length);
    const [only] = forms;
    if (forms.length === 1 && axis > 0 && (only!.kind === 'channels' || only!.kind === 'stack')) {
      const stack = opened(emitter, only!);
      const attributes = { ...node.attributes, axis: int(axis + 1) };
      if (stack !== undefined)
        return { kind: 'stack', name: emitter.node(node.opType, [stack], attributes), shape };
    }
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

export const reduceOf: StackingRule = ({ node, inputs, shape, emitter }) => {
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
