import { asObject, property, type JsonObject } from '../artifacts/json.ts';
import type { WeightMap } from '../artifacts/weights.ts';
import type { TensorData } from '../onnx/tensor-data.ts';
import type { LayerSpec, ModelSpec } from './topology.ts';

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
