import type { JsonObject } from '../artifacts/json.ts';
import type { GraphBuilder, PortSpec } from '../graph/builder.ts';
import type { Value } from '../graph/value.ts';
import type { Config } from '../keras/config.ts';
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
  /** The masks of its inputs, which a converter of plain values does not see on the values themselves. */
  readonly inputMasks: readonly (Value | undefined)[];
  /** Whether a layer executed before left its initial states in `kwargs`, too. */
  readonly findsStates: boolean;
  /** What a stateful layer remembers from call to call. */
  readonly memory: StateMemory;
  /** A layer or model inside this one, whose weights are found below `scope`. */
  inner(json: JsonObject, scope: string): InnerLayer;
}

export interface InnerLayer {
  readonly className: string;
  /** Runs work on the layer; a `Refusal` is then the inner layer's, with its path. */
  use<T>(work: (layer: Layer) => T): T;
  /** Its nodes; `executorMask` is what it finds as `kwargs.mask`. */
  convert(
    inputs: readonly Value[],
    graph: GraphBuilder,
    executorMask: Value | undefined,
  ): readonly Value[];
}

/** States by part of a layer (`''`, or `forward` and `backward`), in tfjs's order. */
export interface StateMemory {
  /** State number `index` of `count`; undefined for zeros. */
  recall(part: string, index: number, count: number, state: PortSpec): Value | undefined;
  keep(part: string, states: readonly Value[]): void;
}

/**
 * Emits the ONNX nodes of one call of a layer and returns its outputs with their shapes. Values are plain: their
 * elements lie as their shape says, and they carry no masks. Throws `Refusal` for what has no ONNX counterpart.
 */
export interface LayerConverter {
  (layer: Layer, inputs: readonly Value[], graph: GraphBuilder): Value | readonly Value[];
  /** `stored`: it takes and gives values as they lie in memory, masks included; see `anyLayout`. Default plain ones. */
  readonly layouts?: 'stored';
}

/**
 * A converter that takes and gives values in whatever layout they have, with their masks: after a convolution that is
 * `channelsFirst`, which saves a Transpose where the layer treats all elements alike. It must mind `layout` itself.
 */
export function anyLayout(
  convert: (
    layer: Layer,
    inputs: readonly Value[],
    graph: GraphBuilder,
  ) => Value | readonly Value[],
): LayerConverter {
  return Object.assign(
    (layer: Layer, inputs: readonly Value[], { stored }: GraphBuilder) =>
      convert(layer, inputs, stored),
    { layouts: 'stored' } as const,
  );
}

/** Converters by Keras class name. */
export type LayerConverters = Readonly<Record<string, LayerConverter>>;
