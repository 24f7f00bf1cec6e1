import type { LayerConverters, Layer } from '../converters/types.ts';
import { ExportError, type UnsupportedLayer } from '../errors.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import { withMask } from '../graph/ops.ts';
import type { Value } from '../graph/value.ts';
import { ConfigProblem, readConfig } from '../model/config.ts';
import { asObject, asText, property } from '../model/json.ts';
import { cleanName } from '../model/names.ts';
import type { LayerSpec, ModelSpec } from '../model/topology.ts';
import type { WeightMap } from '../model/weights.ts';
import { executionOrder, inputsOf, keyOf } from './execution-order.ts';
import { findWeight, lookUp } from './find-weight.ts';
import { refusalOf } from './refused-classes.ts';

export interface Conversion {
  readonly weights: WeightMap;
  readonly converters: LayerConverters;
  /** Everything that cannot be exported, filled as it is met. */
  readonly problems: UnsupportedLayer[];
}

/** What tfjs passes along as `kwargs`: one object for all layers that come after the first mask. */
interface ExecutorArguments {
  mask: Value | undefined;
}

/**
 * The outputs of a model applied to `inputs`; undefined where a layer on the way cannot be exported. Problems are collected,
 * not thrown, so that a person sees all of them at once.
 */
export function convertModel(
  model: ModelSpec,
  inputs: readonly (Value | undefined)[],
  graph: GraphBuilder,
  conversion: Conversion,
  path = '',
  kwargs?: ExecutorArguments,
): readonly (Value | undefined)[] {
  const values = new Map<string, Value | undefined>();
  model.inputs.forEach((ref, index) => values.set(keyOf(ref), inputs[index]));
  let shared = kwargs;
  for (const ref of executionOrder(model)) {
    const layer = model.layers.get(ref.layer)!;
    const received = inputsOf(model, ref).map((input) => values.get(keyOf(input)));
    if (received.some((value) => value?.mask !== undefined)) {
      shared ??= { mask: undefined };
      shared.mask = received[0]?.mask;
    }
    const outputs = callLayer(layer, received, graph, conversion, path, shared);
    outputs.forEach((value, tensor) => {
      const key = keyOf({ ...ref, tensor });
      if (!values.has(key)) values.set(key, value);
    });
    if (!values.has(keyOf(ref))) {
      if (outputs.length > 0 && outputs.every((value) => value !== undefined))
        throw new ExportError(
          'invalid-topology',
          `Layer "${ref.layer}" has no output ${ref.tensor}. Save the model again.`,
        );
      values.set(keyOf(ref), undefined);
    }
  }
  return model.outputs.map((ref) => values.get(keyOf(ref)));
}

function callLayer(
  spec: LayerSpec,
  received: readonly (Value | undefined)[],
  graph: GraphBuilder,
  conversion: Conversion,
  path: string,
  kwargs: ExecutorArguments | undefined,
): readonly (Value | undefined)[] {
  const where = path === '' ? spec.name : `${path}/${spec.name}`;
  const scoped = graph.within(cleanName(spec.name));
  if (spec.model !== undefined) {
    // A model used as a layer hands no masks in or out, only what the executor carries along.
    const inner = convertModel(
      spec.model,
      received.map(withoutMask),
      scoped,
      conversion,
      where,
      kwargs ?? { mask: undefined },
    );
    return inner.map(withoutMask);
  }
  const report = (reason: string, remedy: string): readonly undefined[] => {
    conversion.problems.push({ path: where, className: spec.className, reason, remedy });
    return [];
  };
  const converter = Object.hasOwn(conversion.converters, spec.className)
    ? conversion.converters[spec.className]
    : undefined;
  if (converter === undefined) return report(...refusalOf(spec.className));
  if (!received.every((value) => value !== undefined)) return [];
  try {
    const layer = layerOf(
      spec.name,
      spec.name,
      spec.className,
      spec.config,
      conversion,
      kwargs?.mask,
    );
    const outputs = converter(layer, received, scoped);
    return isList(outputs) ? outputs : [outputs];
  } catch (error) {
    if (error instanceof ConfigProblem) return report(error.message, error.remedy);
    throw error;
  }
}

function isList(outputs: Value | readonly Value[]): outputs is readonly Value[] {
  return Array.isArray(outputs);
}

function withoutMask(value: Value | undefined): Value | undefined {
  return value && withMask(value, undefined);
}

function layerOf(
  name: string,
  prefix: string,
  className: string,
  config: Readonly<Record<string, unknown>>,
  conversion: Conversion,
  executorMask: Value | undefined,
): Layer {
  const { weights, converters } = conversion;
  return {
    name,
    className,
    config: readConfig(config),
    executorMask,
    weight: (weight, shape) => findWeight(weights, prefix, weight, shape),
    savedShape: (weight) => lookUp(weights, prefix, weight)?.shape,
    inner(json, scope) {
      const innerClass = asText(property(json, 'className'), `${name}: class_name`);
      const innerConfig = asObject(property(json, 'config'), `${name}: config`);
      const innerPrefix = scope === '' ? prefix : `${prefix}/${scope}`;
      const layer = layerOf(name, innerPrefix, innerClass, innerConfig, conversion, executorMask);
      return {
        layer,
        convert(inputs, graph) {
          const converter = Object.hasOwn(converters, innerClass)
            ? converters[innerClass]
            : undefined;
          if (converter === undefined) throw new ConfigProblem(...refusalOf(innerClass));
          const outputs = converter(layer, inputs, graph);
          return isList(outputs) ? outputs : [outputs];
        },
      };
    },
  };
}
