import type { DType } from '../onnx/dtype.ts';
import type { Shape } from '../onnx/model.ts';

/**
 * How the elements of a value lie in memory. `plain`: as its Keras shape says. `channelsFirst`: the last axis of that
 * shape is stored as axis 1, as ONNX's spatial operators want it. `{ inner }`: what Flatten makes of a `channelsFirst`
 * value whose Keras shape was `[batch, ...inner]`.
 */
export type Layout = 'plain' | 'channelsFirst' | { readonly inner: readonly number[] };

/** A tensor in the graph under construction. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  /** In Keras order, whatever the layout. */
  readonly shape: Shape;
  readonly layout: Layout;
  /** Which steps count: bool `[batch, steps]`, plain. */
  readonly mask?: Value;
}

/** The shape as ONNX sees it. */
export function physicalShape({ shape, layout }: Value): Shape {
  return layout === 'channelsFirst' ? toChannelsFirst(shape) : shape;
}

/** The last axis moved to axis 1. */
export function toChannelsFirst<T>(axes: readonly T[]): readonly T[] {
  return [axes[0]!, axes.at(-1)!, ...axes.slice(1, -1)];
}

/** Axis 1 moved to the end. */
export function toChannelsLast<T>(axes: readonly T[]): readonly T[] {
  return [axes[0]!, ...axes.slice(2), axes[1]!];
}

/** The value read as it lies in memory. */
export function asStored(value: Value): Value {
  const { name, dtype } = value;
  return { name, dtype, shape: physicalShape(value), layout: 'plain' };
}

/** A plain `[batch, channels, …]` read as the Keras value `[batch, …, channels]`. */
export function asChannelsFirst({ name, dtype, shape }: Value): Value {
  return { name, dtype, shape: toChannelsLast(shape), layout: 'channelsFirst' };
}

/** Where a Keras axis (negative ones count from the end) lies in memory. */
export function physicalAxis({ shape, layout }: Value, axis: number): number {
  const positive = axis < 0 ? axis + shape.length : axis;
  if (layout !== 'channelsFirst' || positive === 0) return positive;
  return positive === shape.length - 1 ? 1 : positive + 1;
}
