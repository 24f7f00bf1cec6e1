import { ints } from '../onnx/model.ts';
import { int64 } from '../onnx/tensor-data.ts';
import type { GraphBuilder } from './builder.ts';
import { toChannelsFirst, toChannelsLast, type Value } from './value.ts';

// The only place where elements change their order between Keras and ONNX.

/** The value with its elements as its Keras shape says. */
export function plain({ stored: graph }: GraphBuilder, value: Value): Value {
  if (value.layout === 'plain') return value;
  if (value.layout !== 'channelsFirst') return plainOfFlat(graph, value, value.layout.inner);
  const axes = value.shape.map((_, axis) => axis);
  const spec = { dtype: value.dtype, shape: value.shape };
  const moved = graph.op('Transpose', [value], spec, { perm: ints(toChannelsLast(axes)) });
  return { ...value, ...moved };
}

/** The value with its last axis stored as axis 1. */
export function channelsFirst({ stored: graph }: GraphBuilder, value: Value): Value {
  if (value.layout === 'channelsFirst') return value;
  const from = plain(graph, value);
  const axes = from.shape.map((_, axis) => axis);
  const spec = { dtype: value.dtype, shape: value.shape, layout: 'channelsFirst' } as const;
  // A single channel, or a single place per channel, lies the same way in both: a Reshape would do, a Transpose is free in ORT.
  const moved = graph.op('Transpose', [from], spec, { perm: ints(toChannelsFirst(axes)) });
  return { ...value, ...moved };
}

function plainOfFlat(graph: GraphBuilder, value: Value, inner: readonly number[]): Value {
  const [batch, features] = [value.shape[0]!, value.shape[1]!];
  const stored = [inner.at(-1)!, ...inner.slice(0, -1)];
  const constant = (dims: readonly number[]): Value =>
    graph.constant(`shape_${dims.join('_')}`, int64([dims.length], dims));
  const open = graph.op('Reshape', [value, constant([0, ...stored])], {
    dtype: value.dtype,
    shape: [batch, ...inner],
    layout: 'channelsFirst',
  });
  const moved = plain(graph, open);
  const flat = graph.op('Reshape', [moved, constant([0, features as number])], {
    dtype: value.dtype,
    shape: value.shape,
  });
  return { ...value, ...flat };
}

/**
 * For a `{ inner }` value: the Keras position of each stored feature, so that constants can be put in the stored order
 * instead of moving the elements. Undefined where the orders agree.
 */
export function featureOrder({ layout }: Value): Uint32Array | undefined {
  if (typeof layout === 'string') return undefined;
  const channels = layout.inner.at(-1)!;
  const places = layout.inner.slice(0, -1).reduce((product, dim) => product * dim, 1);
  return Uint32Array.from(
    { length: channels * places },
    (_, stored) => (stored % places) * channels + Math.floor(stored / places),
  );
}
