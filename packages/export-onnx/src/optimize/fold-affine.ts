import type { Node } from '../onnx/model.ts';
import type { TensorData } from '../onnx/tensor-data.ts';
import { affineOf, combined, liesAlong, type Affine } from './affine.ts';
import { isUnpadded, linearOf, scaledInputs, scaledOutputs, type Linear } from './linear.ts';
import type { RuleContext, Rewrite, Rule } from './rewrite.ts';

/** affine(linear(x)) is linear. */
const foldAfter: Rule = (node, context) => {
  const affine = affineOf(node, context);
  const linear = affine && linearOf(context.onlyUse(affine.input), context);
  if (linear === undefined || !liesAlong(affine!, linear.axis, linear.rank)) return undefined;
  if (affine!.offset !== undefined && !linear.takesBias) return undefined;
  const folded = scaledOutputs(linear, affine!);
  if (folded === undefined) return undefined;
  const changed = withConstants(linear, folded, context);
  return { nodes: [{ ...changed, outputs: node.outputs }], removed: [linear.node] };
};

/** linear(affine(x)) is linear, unless zeros are padded in between. */
const foldBefore: Rule = (node, context) => {
  const linear = linearOf(node, context);
  const affine = linear && affineOf(context.onlyUse(node.inputs[0]), context);
  if (affine === undefined || !liesAlong(affine, linear!.axis, linear!.rank)) return undefined;
  if (affine.offset !== undefined && !isUnpadded(linear!)) return undefined;
  const folded = scaledInputs(linear!, affine);
  if (folded === undefined) return undefined;
  const changed = withConstants(linear!, folded, context);
  const read = { ...changed, inputs: [affine.input, ...changed.inputs.slice(1)] };
  if (linear!.takesBias || folded.bias === undefined)
    return { nodes: [read], removed: [affine.node] };
  // MatMul takes no bias: what was added before is added after, where it may meet the layer's own.
  const [product] = affine.node.outputs;
  const bias = context.store(`${baseOf(node.inputs[1]!)}_offset`, folded.bias);
  const add: Node = {
    name: `${node.name}/Add`,
    opType: 'Add',
    inputs: [product!, bias],
    outputs: node.outputs,
    attributes: {},
  };
  return {
    nodes: [{ ...read, inputs: read.inputs.slice(0, 2), outputs: [product!] }, add],
    removed: [affine.node],
    shapedAs: [product!, node.outputs[0]!],
  };
};

/** Numbers applied before elements are moved are applied after, next to the kernel that takes them in. */
const sinkNumbers: Rule = (node, context) => {
  const linear = linearOf(node, context);
  const move = linear && context.onlyUse(node.inputs[0]);
  if (move?.opType !== 'Transpose' && move?.opType !== 'Reshape') return undefined;
  const affine = affineOf(context.onlyUse(move.inputs[0]), context);
  if (affine === undefined || affine.axis !== undefined) return undefined;
  if (affine.offset !== undefined && !isUnpadded(linear!)) return undefined;
  const [between] = affine.node.outputs;
  const moved = { ...move, inputs: [affine.input, ...move.inputs.slice(1)], outputs: [between!] };
  const applied = {
    ...affine.node,
    inputs: affine.node.inputs.map((name) => (name === affine.input ? between! : name)),
    outputs: move.outputs,
  };
  return {
    nodes: [moved, applied, node],
    removed: [move, affine.node],
    shapedAs: [between!, move.outputs[0]!],
  };
};

/** Two additions are one, two multiplications are one, and (x + b) · s is x · s + b · s where a kernel can take s in. */
const mergeSteps: Rule = (node, context) => {
  const after = affineOf(node, context);
  const before = after && affineOf(context.onlyUse(after.input), context);
  if (before === undefined || !isSimple(node) || !isSimple(before.node)) return undefined;
  if (!isSamePlace(before, after!)) return undefined;
  const [first, second] = [before.scale ?? before.offset!, after!.scale ?? after!.offset!];
  if (node.opType === before.node.opType) {
    const data = combined(node.opType === 'Mul' ? '×' : '+', first, second);
    return data && { nodes: [over(node, before, after!, data, context)], removed: [before.node] };
  }
  if (node.opType !== 'Mul' || linearOf(context.onlyUse(before.input), context) === undefined)
    return undefined;
  const data = combined('×', first, second);
  if (data === undefined) return undefined;
  const [between] = before.node.outputs;
  const scaled = {
    ...node,
    inputs: node.inputs.map((name) => (name === after!.input ? before.input : name)),
    outputs: [between!],
  };
  const added = over(before.node, before, after!, data, context);
  const inputs = added.inputs.map((name) => (name === before.input ? between! : name));
  return { nodes: [scaled, { ...added, inputs, outputs: node.outputs }], removed: [before.node] };
};

function isSimple({ opType }: Node): boolean {
  return opType === 'Mul' || opType === 'Add';
}

function isSamePlace(a: Affine, b: Affine): boolean {
  return a.axis === undefined || b.axis === undefined || a.axis.at === b.axis.at;
}

/** `node` on what came before, with the constant of both; in the shape of the one that has an axis. */
function over(
  node: Node,
  before: Affine,
  after: Affine,
  data: TensorData,
  context: RuleContext,
): Node {
  const [constants] = [before, after]
    .toSorted((a, b) => Number(a.axis === undefined) - Number(b.axis === undefined))
    .map((affine) => affine.node.inputs.find((name) => name !== affine.input)!);
  const shaped = { ...data, shape: context.constant(constants)!.shape };
  const name = context.store(`${baseOf(constants!)}_folded`, shaped);
  return { ...node, inputs: [before.input, name] };
}

function withConstants(
  { node, kernel, bias }: Linear,
  folded: { readonly kernel: TensorData; readonly bias: TensorData | undefined },
  context: RuleContext,
): Node {
  const stored = (name: string, old: TensorData | undefined, data: TensorData): string =>
    data === old ? name : context.store(`${baseOf(name)}_folded`, data);
  const [input, kernelName, biasName = ''] = node.inputs;
  const inputs = [input!, stored(kernelName!, kernel, folded.kernel)];
  const isBiased = folded.bias !== undefined && node.opType !== 'MatMul';
  const named = biasName === '' ? `${node.name}/bias` : biasName;
  return { ...node, inputs: isBiased ? [...inputs, stored(named, bias, folded.bias)] : inputs };
}

/** A constant folded twice is named once. */
function baseOf(name: string): string {
  return name.replace(/(_folded(_\d+)?)+$/, '');
}

/** Constant factors and summands go into the kernels next to them. */
export const affineRules: readonly ((node: Node, context: RuleContext) => Rewrite | undefined)[] = [
  foldAfter,
  foldBefore,
  mergeSteps,
  sinkNumbers,
];
