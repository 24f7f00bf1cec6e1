import { ExportError } from '../errors.ts';
import type { GraphBuilder } from '../graph/builder.ts';
import { withMask } from '../graph/ops.ts';
import { ListedRefusal } from '../graph/refusal.ts';
import type { Value } from '../graph/value.ts';
import { cleanName } from '../keras/clean-name.ts';
import type { LayerSpec } from '../keras/topology.ts';
import {
  below,
  type Conversion,
  type ExecutorArguments,
  type ModelConverter,
  type LayerPosition,
} from './conversion.ts';
import { convertLayer, type LayerCall } from './convert-layer.ts';
import { executionOrder, inputsOf, keyOf } from './execution-order.ts';
import { probe } from './probe.ts';

/** Calls the layers in the order of tfjs's executor, which decides where masks go. */
export const convertModel: ModelConverter = (
  model,
  inputs,
  graph,
  conversion,
  place = { path: '', depth: 0 },
  kwargs,
) => {
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
    const outputs = callLayer(layer, received, graph, conversion, below(place, layer.name), shared);
    if (shared && received.length > 1 && leavesStates.has(layer.className)) shared.hasStates = true;
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
};

/** Recurrent layers write the states that they are given into `kwargs`, where they stay. */
const leavesStates: ReadonlySet<string> = new Set([
  'Bidirectional',
  'GRU',
  'LSTM',
  'RNN',
  'SimpleRNN',
]);

function callLayer(
  spec: LayerSpec,
  received: readonly (Value | undefined)[],
  graph: GraphBuilder,
  conversion: Conversion,
  place: LayerPosition,
  kwargs: ExecutorArguments | undefined,
): readonly (Value | undefined)[] {
  const scoped = graph.within(cleanName(spec.name));
  if (spec.model !== undefined) {
    // A model used as a layer hands no masks in or out, only what the executor carries along.
    const bare = received.map((value) => value && withMask(value, undefined));
    const carried = kwargs ?? { mask: undefined };
    return convertModel(spec.model, bare, scoped, conversion, place, carried).map(
      (value) => value && withMask(value, undefined),
    );
  }
  const { name, className, config } = spec;
  const call: LayerCall = {
    name,
    className,
    config,
    place,
    prefix: name,
    executorMask: kwargs?.mask,
    findsStates: kwargs?.hasStates ?? false,
  };
  try {
    if (received.every((value) => value !== undefined))
      return convertLayer(call, received, scoped, conversion);
  } catch (error) {
    if (error instanceof ListedRefusal) return [];
    throw error;
  }
  conversion.problems.push(...probe(call, received, graph.opset, conversion));
  return [];
}
