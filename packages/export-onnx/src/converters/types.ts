import type { GraphBuilder } from '../graph/builder.ts';
import type { Value } from '../graph/value.ts';
import type { Config } from '../model/config.ts';
import type { JsonObject } from '../model/json.ts';
import type { TensorData } from '../onnx/tensor-data.ts';

/** One call of a layer, as a converter sees it. */
export interface Layer {
  readonly name: string;
  readonly className: string;
  readonly config: Config;
  /**
   * A weight by the last part of its name (`kernel`, `moving_mean`). Throws where it is missing or its shape is not the one
   * expected.
   */
  weight(name: string, shape: readonly number[]): TensorData;
  /** The shape that a weight was saved with, for what the config does not say. */
  savedShape(name: string): readonly number[] | undefined;
  /**
   * What tfjs's executor hands to the call as `kwargs.mask`: the last mask that any layer before it received first, which
   * need not be this layer's own.
   */
  readonly executorMask: Value | undefined;
  /** A layer inside this one, whose weights are found below `scope`. */
  inner(json: JsonObject, scope: string): InnerLayer;
}

export interface InnerLayer {
  readonly layer: Layer;
  convert(inputs: readonly Value[], graph: GraphBuilder): readonly Value[];
}

/**
 * Emits the ONNX nodes of one call of a layer and returns its outputs, shapes and masks included. Throws `ConfigProblem` for
 * what has no ONNX equal.
 */
export type LayerConverter = (
  layer: Layer,
  inputs: readonly Value[],
  graph: GraphBuilder,
) => Value | readonly Value[];

/** Converters by Keras class name. */
export type LayerConverters = Readonly<Record<string, LayerConverter>>;

export { ConfigProblem } from '../model/config.ts';
