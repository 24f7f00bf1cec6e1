import type { GraphBuilder } from '../graph/builder.ts';
import { channelsFirst, plain } from '../graph/layout.ts';
import { unsqueeze } from '../graph/ops.ts';
import type { Layout, Value } from '../graph/value.ts';

import { int64, reshaped, transposed } from '../onnx/tensor-data.ts';
import type { Scope, Tensor } from './tensor.ts';

export interface Aligned {
  readonly values: readonly Value[];
  /** Of what comes out. */
  readonly layout: Layout;
}

/** Operands of an element-wise node in one layout: channels first where one of full rank is so, which costs constants nothing. */
export function align(tensors: readonly Tensor[], scope: Scope): Aligned {
  const { graph } = scope;
  const rank = Math.max(...tensors.map(({ shape }) => shape.length));
  const values = tensors.map((tensor) => tensor.value(scope));
  const isFirst = values.some(
    ({ layout, shape }) => layout === 'channelsFirst' && shape.length === rank,
  );
  if (!isFirst) return { values: values.map((value) => plain(graph, value)), layout: 'plain' };
  return {
    values: values.map((value, index) => aligned(graph, value, tensors[index]!, rank)),
    layout: 'channelsFirst',
  };
}

function aligned(graph: GraphBuilder, value: Value, { data }: Tensor, rank: number): Value {
  if (value.layout === 'channelsFirst' && value.shape.length === rank) return value;
  const from = plain(graph, value);
  // A single element broadcasts in any layout.
  if (from.shape.length <= 1 && from.shape.every((dim) => dim === 1)) return from;
  const missing = rank - from.shape.length;
  if (data !== undefined) {
    const full = [...new Array<number>(missing).fill(1), ...data.shape];
    const axes = full.map((_, axis) => axis);
    const perm = [0, rank - 1, ...axes.slice(1, -1)];
    const stored = transposed(reshaped(data, full), perm);
    return { ...graph.constant(from.name, stored), shape: full, layout: 'channelsFirst' };
  }
  const full =
    missing === 0
      ? from
      : unsqueeze(
          graph,
          from,
          Array.from({ length: missing }, (_, axis) => axis),
        );
  return channelsFirst(graph, full);
}

/** A constant vector of axes, sizes and the like. */
export function vector(graph: GraphBuilder, name: string, list: readonly number[]): Value {
  return graph.constant(`${name}_${list.join('_')}`, int64([list.length], list));
}
