import { int, type Shape } from '../../onnx/model.ts';
import { transposed, type TensorData } from '../../onnx/tensor-data.ts';
import { memberConstant } from './elementwise.ts';
import { toMembers, type Emitter, type Form } from './form.ts';
import { stackedData } from './stack-constants.ts';
import { number, type StackingRule, type Step } from './step.ts';

export const gemm: StackingRule = (step) => {
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
    return 'its weights are not constants';
  if (bias !== undefined && bias.constants === undefined) return 'its bias is not a constant';
  const isTurned = number(node, 'transB', 0) === 1;
  const units = shape[1];
  const isPerUnit = bias === undefined || bias.constants[0]!.shape.join() === String(units);
  if (input.form.kind === 'shared' && isPerUnit) return gemmOfAll(step, input.form.name, isTurned);
  const turned = weights.constants.map((data) => (isTurned ? transposed(data, [1, 0]) : data));
  const product = matMulOf(emitter, input.form, turned, shape);
  if (bias?.constants === undefined) return product;
  const name = emitter.node('Add', [
    product.name,
    emitter.constant('bias', memberConstant(bias.constants, shape.length)),
  ]);
  return { ...product, name };
};

/** One product with everyone's units side by side. */
function gemmOfAll({ inputs, shape, emitter }: Step, input: string, isTurned: boolean): Form {
  const weights = inputs[1]!.constants!.map((data) => (isTurned ? data : transposed(data, [1, 0])));
  const bias = inputs[2]?.constants;
  const [units, rows] = weights[0]!.shape as [number, number];
  const { members } = emitter;
  const name = emitter.node(
    'Gemm',
    [
      input,
      emitter.constant('weights', stackedData(weights, [members * units, rows])),
      ...(bias ? [emitter.constant('bias', stackedData(bias, [members * units]))] : []),
    ],
    { transB: int(1) },
  );
  return { kind: 'channels', name, shape: shape! };
}

export const matMul: StackingRule = ({ inputs, shape, emitter }) => {
  const [left, right] = inputs;
  if (left?.form === undefined || shape === undefined) return 'its left side is a constant';
  if (right?.constants !== undefined) {
    if (right.constants[0]!.shape.length !== 2) return 'its weights are not a matrix';
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
