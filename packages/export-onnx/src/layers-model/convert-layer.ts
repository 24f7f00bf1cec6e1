import { asObject, asText, invalidTopology, property, type JsonObject } from '../artifacts/json.ts';
import { ExportError } from '../errors.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import { Refusal, ListedRefusal } from '../graph/refusal.ts';
import { plain } from '../graph/layout.ts';
import { withMask } from '../graph/ops.ts';
import { plainly } from '../graph/plainly.ts';
import type { Value } from '../graph/value.ts';
import { readConfig } from '../keras/config.ts';
import { isModelClass, readModel } from '../keras/topology.ts';
import type { InnerLayer, Layer, LayerConverter } from '../layers/layer.ts';
import { elementCount } from '../onnx/dtype.ts';
import { float32, type TensorData } from '../onnx/tensor-data.ts';
import { below, type Conversion, type LayerPosition } from './conversion.ts';
import { findWeight, lookUp } from './find-weight.ts';
import { refusalOf } from './refused-classes.ts';

/** A layer about to be called. */
export interface LayerCall {
  readonly name: string;
  readonly className: string;
  readonly config: JsonObject;
  readonly place: LayerPosition;
  /** What its weights' names begin with. */
  readonly prefix: string;
  readonly executorMask: Value | undefined;
  readonly findsStates: boolean;
}

/** The outputs of a call. Throws `ListedRefusal` where it cannot be exported, which is then in the list. */
export function convertLayer(
  call: LayerCall,
  inputs: readonly Value[],
  graph: GraphBuilder,
  conversion: Conversion,
): readonly Value[] {
  return listing(call, conversion, () => {
    const converter = converterOf(call.className, conversion);
    const layer = { ...layerOf(call, conversion), inputMasks: inputs.map(({ mask }) => mask) };
    const { stored } = graph;
    if (converter.layouts === 'stored') return listOf(converter(layer, inputs, stored));
    const plainInputs = inputs.map((value) => withMask(plain(stored, value), undefined));
    return listOf(converter(layer, plainInputs, plainly(stored)));
  });
}

function listOf(outputs: Value | readonly Value[]): readonly Value[] {
  return isList(outputs) ? outputs : [outputs];
}

function converterOf(className: string, { converters }: Conversion): LayerConverter {
  const converter = Object.hasOwn(converters, className) ? converters[className] : undefined;
  if (converter === undefined) throw new Refusal(...refusalOf(className));
  return converter;
}

/** Runs work; a `Refusal` of it is listed as the layer's. */
function listing<T>(
  { className, place }: Pick<LayerCall, 'className' | 'place'>,
  { problems }: Conversion,
  work: () => T,
): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { message: reason, remedy } = error;
    problems.push({ path: place.path, className, reason, remedy });
    throw new ListedRefusal();
  }
}

function isList(outputs: Value | readonly Value[]): outputs is readonly Value[] {
  return Array.isArray(outputs);
}

function layerOf(call: LayerCall, conversion: Conversion): Layer {
  const { name, className, prefix, executorMask } = call;
  const { weights } = conversion;
  return {
    name,
    className,
    config: readConfig(call.config),
    executorMask,
    inputMasks: [],
    findsStates: call.findsStates,
    memory: conversion.states.memoryOf(call.place.path),
    weight: (weight, shape) =>
      conversion.probeDepth > 0 ? pretended(shape) : findWeight(weights, prefix, weight, shape),
    savedShape: (weight) => lookUp(weights, prefix, weight)?.shape,
    inner: (json, scope) => innerLayer(call, conversion, json, scope),
  };
}

// Far above any real weight; a lying topology must not decide how much memory is taken.
const MAX_PRETENDED = 2 ** 28;

/** A weight of that shape and no content. */
function pretended(shape: readonly number[]): TensorData {
  if (!(elementCount(shape) <= MAX_PRETENDED))
    throw new ExportError(
      'invalid-weights',
      `A weight of shape [${shape.join(', ')}] is too large.`,
    );
  return { ...float32([], []), shape, recipe: 'pretended' };
}

// Nesting costs stack; no real model comes near.
const MAX_DEPTH = 32;

function innerLayer(
  outer: LayerCall,
  conversion: Conversion,
  json: JsonObject,
  scope: string,
): InnerLayer {
  const className = asText(property(json, 'className'), `${outer.name}: class_name`);
  if (outer.place.depth > MAX_DEPTH)
    throw invalidTopology(outer.name, `is nested deeper than ${MAX_DEPTH}`);
  if (isModelClass(className)) return innerModel(outer, conversion, json, className);
  const config = asObject(property(json, 'config'), `${outer.name}: config`);
  const named = property(config, 'name');
  const call: LayerCall = {
    name: outer.name,
    className,
    config,
    prefix: scope === '' ? outer.prefix : `${outer.prefix}/${scope}`,
    place: below(outer.place, typeof named === 'string' ? named : className),
    executorMask: outer.executorMask,
    findsStates: outer.findsStates,
  };
  // Directions and cells are parts of the outer layer, which remembers for them.
  const own: Layer = {
    ...layerOf(call, conversion),
    memory: conversion.states.memoryOf(outer.place.path),
  };
  return {
    className,
    use: (work) => listing(call, conversion, () => work(own)),
    convert: (inputs, graph, executorMask) =>
      convertLayer({ ...call, executorMask }, inputs, graph, conversion),
  };
}

function innerModel(
  outer: LayerCall,
  conversion: Conversion,
  json: JsonObject,
  className: string,
): InnerLayer {
  const model = readModel(json, outer.name, outer.place.depth);
  const place = below(outer.place, model.name);
  return {
    className,
    use: () =>
      listing({ className, place }, conversion, () => {
        throw new Refusal(
          `${outer.className} takes a recurrent layer, not a model`,
          'Wrap the layer itself.',
        );
      }),
    convert(inputs, graph, executorMask) {
      const outputs = conversion.convertModel(model, inputs, graph.stored, conversion, place, {
        mask: executorMask,
      });
      if (outputs.every((value) => value !== undefined)) return outputs;
      throw new ListedRefusal();
    },
  };
}
