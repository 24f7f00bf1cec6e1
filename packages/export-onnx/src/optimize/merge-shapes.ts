import { ints, type Node } from '../onnx/model.ts';
import type { TensorData } from '../onnx/tensor-data.ts';
import { hasOnly, intsOf, type RuleContext, type Rewrite, type Rule } from './rewrite.ts';

/** The value that a node passes on is read directly; outputs of the graph keep the node that names them. */
function bypass(node: Node, context: RuleContext): Rewrite | undefined {
  const [from, to] = [node.inputs[0]!, node.outputs[0]!];
  return context.isOutput(to) ? undefined : { nodes: [], renamed: [to, from] };
}

const dropIdentity: Rule = (node, context) =>
  node.opType === 'Identity' ? bypass(node, context) : undefined;

const dropCast: Rule = (node, context) => {
  const { to } = node.attributes;
  if (node.opType !== 'Cast' || to?.type !== 'int') return undefined;
  return context.declared(node.inputs[0]!).dtype === to.value ? bypass(node, context) : undefined;
};

/** Transpose(Transpose(x)) is one Transpose, or none. */
const mergeTransposes: Rule = (node, context) => {
  const perm = intsOf(node, 'perm');
  if (node.opType !== 'Transpose' || perm === undefined) return undefined;
  if (perm.every((from, axis) => from === axis)) return bypass(node, context);
  const before = context.onlyUse(node.inputs[0]);
  const first = before?.opType === 'Transpose' ? intsOf(before, 'perm') : undefined;
  if (before === undefined || first?.length !== perm.length) return undefined;
  const merged = perm.map((axis) => first[axis]!);
  return {
    nodes: [{ ...node, inputs: before.inputs, attributes: { perm: ints(merged) } }],
    removed: [before],
  };
};

/** Reshape(Reshape(x)) is the second, as long as what it copies is what the first copied. */
const mergeReshapes: Rule = (node, context) => {
  const target = targetOf(node, context);
  if (target === undefined) return undefined;
  const [from, to] = [node.inputs[0]!, node.outputs[0]!].map(
    (name) => context.declared(name).shape,
  );
  const isSame =
    from?.length === to?.length && from?.every((dim, axis) => dim !== '' && dim === to![axis]);
  if (isSame === true) return bypass(node, context);
  const before = context.onlyUse(node.inputs[0]);
  const first = before && targetOf(before, context);
  if (first === undefined) return undefined;
  if (!target.every((dim, axis) => dim !== 0 || first[axis] === 0)) return undefined;
  return {
    nodes: [{ ...node, inputs: [before!.inputs[0]!, node.inputs[1]!] }],
    removed: [before!],
  };
};

function targetOf(node: Node, context: RuleContext): readonly number[] | undefined {
  if (node.opType !== 'Reshape' || !hasOnly(node)) return undefined;
  const target: TensorData | undefined = context.constant(node.inputs[1]);
  return target?.dtype === 'int64' ? Array.from(target.read() as BigInt64Array, Number) : undefined;
}

/** Nodes that move no element, or move it twice. */
export const shapeRules: readonly Rule[] = [dropIdentity, dropCast, mergeTransposes, mergeReshapes];
