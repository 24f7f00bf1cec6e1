import { featureOrder, plain } from '../../graph/layout.ts';
import { binary, cast, transpose } from '../../graph/ops.ts';
import { Refusal } from '../../graph/refusal.ts';
import type { Value } from '../../graph/value.ts';
import { string, type Dim } from '../../onnx/model.ts';
import { derived, transposed, type TensorData } from '../../onnx/tensor-data.ts';
import {
  broadcastShape,
  checkRank,
  emits,
  input,
  number,
  plainOf,
  stored,
  type OpCall,
  type OpConverters,
} from '../op.ts';
import { tensorOfKnown } from '../tensor.ts';
import { fusedOf } from './fused.ts';

function turned(call: OpCall, value: Value): Value {
  const rank = value.shape.length;
  const perm = value.shape.map((_, axis) => axis);
  return transpose(call.graph, value, [...perm.slice(0, -2), rank - 1, rank - 2]);
}

function flag({ attributes }: OpCall, ...names: readonly string[]): boolean {
  return names.some((name) => attributes.boolean(name, false));
}

/** The right operand, in the order in which the left one's features are stored. */
function kernelOf(call: OpCall, left: Value): Value | undefined {
  const { data } = input(call, 1);
  if (data?.shape.length !== 2 || data.dtype !== 'float32') return undefined;
  const kernel = flag(call, 'transpose_b', 'adj_y') ? transposed(data, [1, 0]) : data;
  const order = featureOrder(left);
  if (order === undefined || typeof left.layout === 'string')
    return call.graph.constant('kernel', kernel);
  if (kernel.shape[0] !== order.length)
    throw new Refusal('its matrices do not fit', 'Convert the model again.');
  return call.graph.constant('kernel', inOrder(kernel, order, `rows ${left.layout.inner.join()}`));
}

function inOrder(kernel: TensorData, order: Uint32Array, recipe: string): TensorData {
  const width = kernel.shape[1]!;
  return derived([kernel], recipe, kernel.shape, (elements) => {
    const from = elements as Float32Array;
    const out = new Float32Array(from.length);
    order.forEach((row, index) => {
      out.set(from.subarray(row * width, (row + 1) * width), index * width);
    });
    return out;
  });
}

const matMul = emits((call) => {
  const { graph } = call;
  checkRank(call, 0, 2, Infinity);
  checkRank(call, 1, 2, Infinity);
  const given = stored(call, 0);
  const isTurned = flag(call, 'transpose_a', 'adj_x');
  const constant = isTurned ? undefined : kernelOf(call, given);
  const left =
    constant === undefined
      ? isTurned
        ? turned(call, plain(graph, given))
        : plain(graph, given)
      : given;
  const right =
    constant ??
    (flag(call, 'transpose_b', 'adj_y') ? turned(call, plainOf(call, 1)) : plainOf(call, 1));
  const [inner, other] = [left.shape.at(-1)!, right.shape.at(-2)!];
  if (typeof inner === 'number' && typeof other === 'number' && inner !== other)
    throw new Refusal(
      `its matrices are [${left.shape.join(', ')}] and [${right.shape.join(', ')}]`,
      'Convert the model again.',
    );
  const batch = broadcastShape(call, left.shape.slice(0, -2), right.shape.slice(0, -2));
  const shape = [...batch, left.shape.at(-2)!, right.shape.at(-1)!];
  const { bias, activate } = fusedOf(call);
  const spec = { dtype: left.dtype, shape };
  const from =
    left.layout === 'plain' || typeof left.layout !== 'string' ? left : plain(graph, left);
  if (bias?.shape.length === 1 && shape.length === 2 && left.dtype === 'float32')
    return activate(graph.op('Gemm', [from, right, bias.value(call.scope)], spec));
  const made = graph.op('MatMul', [from, right], spec);
  return activate(
    bias === undefined
      ? made
      : { ...binary(graph, 'Add', made, plain(graph, bias.value(call.scope))), shape },
  );
});

const einsum = emits((call) => {
  const equation = call.attributes.text('equation').replaceAll(' ', '');
  const [left, right] = equation.split('->');
  if (left === undefined || right === undefined || equation.includes('.'))
    throw new Refusal(`its equation is "${equation}"`, 'Write it as "ab,bc->ac".');
  const terms = left.split(',');
  const sizes = new Map<string, Dim>();
  terms.forEach((term, index) => {
    const { shape } = input(call, index);
    if (shape.length !== term.length)
      throw new Refusal(`its equation "${equation}" does not fit`, 'Convert the model again.');
    Array.from(term).forEach((letter, axis) => {
      const dim = shape[axis]!;
      if (!sizes.has(letter) || typeof dim === 'number') sizes.set(letter, dim);
    });
  });
  const shape = Array.from(right).map((letter) => {
    const size = sizes.get(letter);
    if (size === undefined)
      throw new Refusal(`its equation is "${equation}"`, 'Convert the model again.');
    return size;
  });
  const values = call.inputs.map((_, index) => plainOf(call, index));
  return call.graph.op(
    'Einsum',
    values,
    { dtype: values[0]!.dtype, shape },
    { equation: string(equation) },
  );
});

/** Elements near the diagonal. */
const bandPart = emits((call) => {
  const { graph } = call;
  checkRank(call, 0, 2, Infinity);
  const x = plainOf(call, 0);
  const [lower, upper] = [number(call, 1, 'num_lower'), number(call, 2, 'num_upper')];
  if (lower !== upper)
    throw new Refusal(
      'tfjs 4.22 reads num_upper where num_lower stands',
      'Use the same number for both.',
    );
  const index = (dim: Dim): Value => {
    const end = call.dims.vector(graph, [dim]);
    const flat = graph.op('Squeeze', [end], { dtype: 'int64', shape: [] });
    const [zero, one] = [0, 1].map((value) =>
      tensorOfKnown('int32', [], [value])!.value(call.scope),
    );
    return graph.op('Range', [zero, cast(graph, flat, 'int32'), one], {
      dtype: 'int32',
      shape: [dim],
    });
  };
  const [height, width] = [x.shape.at(-2)!, x.shape.at(-1)!];
  const rows = graph.op('Unsqueeze', [index(height), call.dims.vector(graph, [1])], {
    dtype: 'int32',
    shape: [height, 1],
  });
  const spec = { dtype: 'int32', shape: [height, width] } as const;
  const away = graph.op('Abs', [graph.op('Sub', [rows, index(width)], spec)], spec);
  if (lower < 0) return x;
  const limit = tensorOfKnown('int32', [], [lower])!.value(call.scope);
  const isNear = graph.op('LessOrEqual', [away, limit], { ...spec, dtype: 'bool' });
  const zero = tensorOfKnown(input(call, 0).dtype, [], [0])!.value(call.scope);
  return graph.op('Where', [isNear, x, zero], x);
});

export const matrices: OpConverters = {
  BatchMatMul: matMul,
  BatchMatMulV2: matMul,
  Einsum: einsum,
  MatMul: matMul,
  MatrixBandPart: bandPart,
  _FusedMatMul: matMul,
};
