import type { EnsemblePolicy } from '@snapshot-ensemble/ensemble-math';
import type { GraphBuilder } from '../../graph/builder.ts';
import { binary, concat, reduce, unsqueeze } from '../../graph/ops.ts';
import type { Value } from '../../graph/value.ts';
import { int } from '../../onnx/model.ts';
import { float32, int64 } from '../../onnx/tensor-data.ts';

/** Members' values of one output, `[batch, members, …, values]`, and the share each has. */
export interface Stack {
  readonly value: Value;
  /** One per member; sum 1. */
  readonly weights: readonly number[];
}

// Thirds and the like do not sum to 1 exactly.
const EQUAL_WITHIN = 1e-12;

/** The policy's members, in its order. */
export function pickMembers(
  graph: GraphBuilder,
  all: Value,
  { members, weights }: Pick<EnsemblePolicy, 'members' | 'weights'>,
): Stack {
  const isAll =
    members.length === all.shape[1] && members.every((member, index) => member === index);
  if (isAll) return { value: all, weights };
  const indices = graph.constant(`members_${members.join('_')}`, int64([members.length], members));
  const shape = all.shape.with(1, members.length);
  const value = graph.op('Gather', [all, indices], { dtype: all.dtype, shape }, { axis: int(1) });
  return { value, weights };
}

/** The weights against axis 1 of a stack of this rank. */
export function weightsBeside(graph: GraphBuilder, { value, weights }: Stack): Value {
  const shape = [weights.length, ...value.shape.slice(2).map(() => 1)];
  return graph.constant('weights', float32(shape, weights));
}

/** Σₘ wₘ xₘ: `[batch, …, values]`. */
export function weightedMean(graph: GraphBuilder, stack: Stack): Value {
  const { value, weights } = stack;
  if (weights.length === 1) return reduce(graph, 'ReduceSum', value, [1], false);
  const isEqual = weights.every((weight) => Math.abs(weight * weights.length - 1) < EQUAL_WITHIN);
  if (isEqual) return reduce(graph, 'ReduceMean', value, [1], false);
  const weighted = binary(graph, 'Mul', value, weightsBeside(graph, stack));
  return reduce(graph, 'ReduceSum', { ...weighted, shape: value.shape }, [1], false);
}

/** The same with the values of each member put through `map`. */
export function mapped(stack: Stack, map: (value: Value) => Value): Stack {
  return { ...stack, value: map(stack.value) };
}

/** Values of one member each, `[batch, …, values]`, as one: `[batch, members, …, values]`. */
export function stackOf(graph: GraphBuilder, values: readonly Value[]): Value {
  const { shape } = values[0]!;
  const known = shape.slice(1).map((dim) => (typeof dim === 'number' ? dim : -1));
  // Reshape can leave one size open.
  if (values.length === 1 || known.filter((dim) => dim === -1).length > 1)
    return concat(
      graph,
      values.map((value) => asOne(graph, value)),
      1,
    );
  const target = [0, values.length, ...known];
  const sizes = graph.constant(`sizes_${target.join('_')}`, int64([target.length], target));
  return graph.op('Reshape', [concat(graph, values, 1), sizes], {
    dtype: values[0]!.dtype,
    shape: [shape[0]!, values.length, ...shape.slice(1)],
  });
}

/** A value without members as a stack of one. */
export function asOne(graph: GraphBuilder, value: Value): Value {
  return unsqueeze(graph, value, [1]);
}
