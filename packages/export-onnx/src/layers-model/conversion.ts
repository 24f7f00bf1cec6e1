import type { WeightMap } from '../artifacts/weights.ts';
import type { UnsupportedLayer } from '../errors.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import type { Value } from '../graph/value.ts';
import type { ModelSpec } from '../keras/topology.ts';
import type { LayerConverters } from '../layers/layer.ts';
import type { StateBook } from './states.ts';

/**
 * The outputs of a model applied to `inputs`; undefined where a layer on the way cannot be exported. Problems are collected,
 * not thrown, so that a person sees all of them at once.
 */
export type ModelConverter = (
  model: ModelSpec,
  inputs: readonly (Value | undefined)[],
  graph: GraphBuilder,
  conversion: Conversion,
  place?: LayerPosition,
  kwargs?: ExecutorArguments,
) => readonly (Value | undefined)[];

/** What the conversion of a whole model shares. */
export interface Conversion {
  readonly weights: WeightMap;
  readonly converters: LayerConverters;
  /** For models inside of wrappers. */
  readonly convertModel: ModelConverter;
  /** Everything that cannot be exported, filled as it is met. */
  readonly problems: UnsupportedLayer[];
  readonly states: StateBook;
  /** Above 0 where layers are only tried, on inputs of no meaning and weights of no content. */
  readonly probeDepth: number;
}

/** What tfjs passes along as `kwargs`: one object for all layers that come after the first mask. */
export interface ExecutorArguments {
  mask: Value | undefined;
  /** Whether a recurrent layer has left its initial states in it. */
  hasStates?: boolean;
}

/** Where a layer stands. */
export interface LayerPosition {
  /** Names from the model down to the layer, joined by `/`. */
  readonly path: string;
  /** How many models and wrappers it is in. */
  readonly depth: number;
}

export function below({ path, depth }: LayerPosition, name: string): LayerPosition {
  return { path: path === '' ? name : `${path}/${name}`, depth: depth + 1 };
}
