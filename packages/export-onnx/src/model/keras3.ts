import type { WeightMap } from './weights.ts';
import type { TensorData } from '../onnx/tensor-data.ts';
import { asArray, asObject, invalidTopology, property, type JsonObject } from './json.ts';
import type { LayerSpec, ModelSpec } from './topology.ts';

/*
 * Keras 3 files, as the Python converter passes them on: calls of layers are objects, and weights are named by the classes of
 * layers and numbered (`layers/conv2d_1/vars/0`). tfjs 4.22 cannot load these itself.
 */

// Nesting costs stack; initializers inside wrappers inside nested models come to 30 or so.
const MAX_DEPTH = 500;

/** The topology in the way of Keras 2; others pass through. */
export function withoutKeras3(json: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH)
    throw invalidTopology('modelTopology', `is nested deeper than ${MAX_DEPTH}`);
  if (Array.isArray(json)) return json.map((item) => withoutKeras3(item, depth + 1));
  if (typeof json !== 'object' || json === null) return json;
  const { class_name: className, config } = json as JsonObject;
  // A dtype policy stands for the name of its dtype.
  if (className === 'DTypePolicy') return asObject(config, 'dtype.config')['name'];
  if (className === '__keras_tensor__') return asObject(config, 'args.config')['keras_history'];
  const entries = Object.entries(json as JsonObject).map(([key, value]): [string, unknown] => {
    if (key === 'inbound_nodes' && Array.isArray(value))
      return [key, value.map((call) => callOf(call, depth + 1))];
    return [key === 'batch_shape' ? 'batch_input_shape' : key, withoutKeras3(value, depth + 1)];
  });
  return Object.fromEntries(entries);
}

/** `{ args: [tensor | [tensor, …]] }` → the list of what a layer is called on. */
function callOf(call: unknown, depth: number): unknown {
  if (typeof call !== 'object' || call === null || !('args' in call)) return call;
  const [first, ...others] = asArray(withoutKeras3(call.args, depth), 'inbound_nodes.args');
  const isTensor = Array.isArray(first) && typeof first[0] === 'string';
  return [...(isTensor ? [first] : asArray(first, 'inbound_nodes.args')), ...others];
}

/** Names of a layer's own variables, in Keras's order. */
const variables: Readonly<Record<string, readonly string[]>> = {
  BatchNormalization: ['gamma', 'beta', 'moving_mean', 'moving_variance'],
  DepthwiseConv2D: ['depthwise_kernel', 'bias'],
  Embedding: ['embeddings'],
  LayerNormalization: ['gamma', 'beta'],
  PReLU: ['alpha'],
  SeparableConv2D: ['depthwise_kernel', 'pointwise_kernel', 'bias'],
};
const usual = ['kernel', 'bias'] as const;
const recurrent = ['kernel', 'recurrent_kernel', 'bias'] as const;
/** What a config switches off among them. */
const switches: Readonly<Record<string, string>> = { gamma: 'scale', beta: 'center' };

/** Weights by the names that tfjs gives them; others than Keras 3's stay as they are. */
export function namedByLayer(weights: WeightMap, spec: ModelSpec): WeightMap {
  if (![...weights.keys()].every((name) => /^layers\/.*\/\d+$/.test(name))) return weights;
  const named = new Map<string, TensorData>();
  nameModel(spec, 'layers', (from, to) => {
    const tensor = weights.get(from);
    if (tensor !== undefined) named.set(to, tensor);
  });
  return named;
}

type Rename = (from: string, to: string) => void;

function nameModel(spec: ModelSpec, path: string, rename: Rename): void {
  const counts = new Map<string, number>();
  for (const layer of spec.layers.values()) {
    const kind = snakeCase(layer.className);
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    const place = `${path}/${kind}${count === 0 ? '' : `_${count}`}`;
    if (layer.model === undefined) nameLayer(layer, place, rename);
    else nameModel(layer.model, `${place}/layers`, rename);
  }
}

function nameLayer({ name, className, config }: LayerSpec, place: string, rename: Rename): void {
  const isWrapper = className === 'Bidirectional' || className === 'TimeDistributed';
  const inner = isWrapper ? asObject(property(config, 'layer'), `${name}.layer`) : undefined;
  const innerConfig = inner && asObject(property(inner, 'config'), `${name}.layer.config`);
  if (className === 'Bidirectional')
    for (const side of ['forward', 'backward'])
      recurrent.forEach((variable, index) => {
        const to = `${name}/${side}_${String(innerConfig?.['name'])}/${variable}`;
        rename(`${place}/${side}_layer/cell/vars/${index}`, to);
      });
  else if (innerConfig !== undefined)
    ownVariables(String(property(inner!, 'className')), innerConfig).forEach((variable, index) => {
      rename(`${place}/layer/vars/${index}`, `${name}/${variable}`);
      rename(`${place}/layer/cell/vars/${index}`, `${name}/${recurrent[index] ?? ''}`);
    });
  else {
    ownVariables(className, config).forEach((variable, index) => {
      rename(`${place}/vars/${index}`, `${name}/${variable}`);
    });
    recurrent.forEach((variable, index) => {
      rename(`${place}/cell/vars/${index}`, `${name}/${variable}`);
    });
  }
}

function ownVariables(className: string, config: JsonObject): readonly string[] {
  const all = Object.hasOwn(variables, className) ? variables[className]! : usual;
  return all.filter((name) => property(config, switches[name] ?? name) !== false);
}

/** As Keras 3 makes names of classes: `Conv2DTranspose` → `conv2d_transpose`. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
