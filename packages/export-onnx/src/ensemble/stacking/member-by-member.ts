import { apart, type Form } from './form.ts';
import type { Step } from './step.ts';

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
