import { int, ints, type Node, type Shape } from '../../onnx/model.ts';
import { int64, type TensorData } from '../../onnx/tensor-data.ts';

/**
 * How a value of all members lies in the stacked graph: one value that all share; joined on the channels, `[batch, members · channels,
 * …]`; with an axis for the members in front, `[members, batch, …]`, or after the batch, `[batch, members, …]`; or a value for each.
 */
export type Form =
  | {
      readonly kind: 'shared' | 'channels' | 'members' | 'stack';
      readonly name: string;
      readonly shape: Shape;
    }
  | { readonly kind: 'apart'; readonly names: readonly string[]; readonly shape: Shape };

/** The stacked graph under construction. `shape` of a form is always that of one member. */
export interface Emitter {
  readonly members: number;
  /** Joined values by name, and what they are called with an axis for the members. */
  readonly opened: Map<string, string>;
  constant(name: string, data: TensorData): string;
  node(opType: string, inputs: readonly string[], attributes?: Node['attributes']): string;
  nodes(
    opType: string,
    inputs: readonly string[],
    count: number,
    attributes?: Node['attributes'],
  ): readonly string[];
}

export function vector(emitter: Emitter, values: readonly number[]): string {
  return emitter.constant(`int64_${values.join('_')}`, int64([values.length], values));
}

/** The sizes as a Reshape takes them, or undefined where more than one is unknown. */
function sizes(dims: Shape): readonly number[] | undefined {
  const known = dims.map((dim) => (typeof dim === 'number' ? dim : -1));
  return known.filter((dim) => dim === -1).length <= 1 ? known : undefined;
}

/** With the members in front. */
export function toMembers(
  emitter: Emitter,
  form: Form,
): Form & { readonly kind: 'members' | 'shared' } {
  const { shape } = form;
  if (form.kind === 'members' || form.kind === 'shared') return form as Form & { kind: 'members' };
  const stack = opened(emitter, form);
  if (stack !== undefined)
    return { kind: 'members', name: membersFirst(emitter, stack, shape.length + 1), shape };
  const parts = apart(emitter, form).map((name) =>
    emitter.node('Unsqueeze', [name, vector(emitter, [0])]),
  );
  return { kind: 'members', name: emitter.node('Concat', parts, { axis: int(0) }), shape };
}

/** `[batch, members, …]` without moving anything, if that can be. */
export function opened(emitter: Emitter, form: Form): string | undefined {
  if (form.kind === 'stack') return form.name;
  if (form.kind !== 'channels') return undefined;
  const known = emitter.opened.get(form.name);
  const rest = sizes(form.shape.slice(1));
  if (known !== undefined || rest === undefined) return known;
  const target = vector(emitter, [0, emitter.members, ...rest]);
  const name = emitter.node('Reshape', [form.name, target]);
  emitter.opened.set(form.name, name);
  return name;
}

/** `[batch, members, …]` → `[members, batch, …]`, and back. */
export function membersFirst(emitter: Emitter, name: string, rank: number): string {
  const perm = Array.from({ length: rank }, (_, axis) => (axis < 2 ? 1 - axis : axis));
  return emitter.node('Transpose', [name], { perm: ints(perm) });
}

/** Joined on the channels; what is shared stays, unless `isTiled`. */
export function toChannels(
  emitter: Emitter,
  form: Form,
  isTiled: boolean,
): Form & { readonly kind: 'channels' | 'shared' } {
  const { shape } = form;
  if (form.kind === 'channels' || (form.kind === 'shared' && !isTiled))
    return form as Form & { kind: 'channels' };
  const parts = apart(emitter, form);
  return { kind: 'channels', name: emitter.node('Concat', parts, { axis: int(1) }), shape };
}

/** A value for each member. */
export function apart(emitter: Emitter, form: Form): readonly string[] {
  switch (form.kind) {
    case 'apart':
      return form.names;
    case 'shared':
      return Array.from({ length: emitter.members }, () => form.name);
    case 'channels':
      return emitter.nodes('Split', [form.name], emitter.members, { axis: int(1) });
    case 'members':
    case 'stack': {
      const axis = form.kind === 'members' ? 0 : 1;
      return emitter
        .nodes('Split', [form.name], emitter.members, { axis: int(axis) })
        .map((name) => emitter.node('Squeeze', [name, vector(emitter, [axis])]));
    }
  }
}

/** `[batch, members, …]`, as the ensemble's head takes it. */
export function toStack(emitter: Emitter, form: Form): string {
  if (form.kind === 'members') return membersFirst(emitter, form.name, form.shape.length + 1);
  const stack = opened(emitter, form);
  if (stack !== undefined) return stack;
  const parts = apart(emitter, form).map((name) =>
    emitter.node('Unsqueeze', [name, vector(emitter, [1])]),
  );
  return emitter.node('Concat', parts, { axis: int(1) });
}
