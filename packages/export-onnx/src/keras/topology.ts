import {
  asArray,
  asObject,
  asText,
  invalidTopology,
  property,
  type JsonObject,
} from '../artifacts/json.ts';
import { withoutKeras3 } from './keras3.ts';

/** An output of one call of a layer. */
export interface TensorRef {
  readonly layer: string;
  /** Which call of the layer, in the order of its inbound nodes. */
  readonly node: number;
  /** Which of the call's outputs. */
  readonly tensor: number;
}

export interface LayerSpec {
  readonly name: string;
  readonly className: string;
  readonly config: JsonObject;
  /** What the layer is called on, call by call. */
  readonly calls: readonly (readonly TensorRef[])[];
  /** For a model used as a layer. */
  readonly model?: ModelSpec;
}

export interface ModelSpec {
  readonly name: string;
  readonly layers: ReadonlyMap<string, LayerSpec>;
  readonly inputs: readonly TensorRef[];
  readonly outputs: readonly TensorRef[];
}

const MODEL_CLASSES = ['Model', 'Functional', 'Sequential'];
// Nesting costs stack; no real model comes near.
const MAX_DEPTH = 32;

export function isModelClass(className: string): boolean {
  return MODEL_CLASSES.includes(className);
}

/** A topology as tfjs (`model.toJSON()`, `model.json`) or its Python converter writes it, in either spelling. */
export function readTopology(modelTopology: object, depth = 0): ModelSpec {
  if (depth > MAX_DEPTH)
    throw invalidTopology('modelTopology', `wraps models deeper than ${MAX_DEPTH}`);
  const top = asObject(modelTopology, 'modelTopology');
  // Python puts the model one level down; a whole model.json has it under modelTopology.
  const inner = property(top, 'modelConfig') ?? property(top, 'modelTopology');
  if (inner !== undefined) return readTopology(asObject(inner, 'model_config'), depth + 1);
  return readModel(withoutKeras3(top) as JsonObject, 'modelTopology', 0);
}

/** A model inside another one, or inside a wrapper. */
export function readModel(json: JsonObject, where: string, depth: number): ModelSpec {
  if (depth > MAX_DEPTH) throw invalidTopology(where, `nests models deeper than ${MAX_DEPTH}`);
  const className = asText(property(json, 'className'), `${where}.class_name`);
  if (!isModelClass(className))
    throw invalidTopology(
      where,
      `has class_name "${className}", must be one of ${MODEL_CLASSES.join(', ')}`,
    );
  const config = property(json, 'config');
  // Keras before 2.2.3 had the list of a Sequential's layers in the place of its config.
  const body: JsonObject = Array.isArray(config)
    ? { layers: config }
    : asObject(config, `${where}.config`);
  const name =
    typeof property(body, 'name') === 'string' ? (property(body, 'name') as string) : 'model';
  const layers = asArray(property(body, 'layers'), `${where}.layers`).map((layer, index) =>
    readLayer(asObject(layer, `${where}.layers[${index}]`), `${where}.layers[${index}]`, depth),
  );
  if (className === 'Sequential') return sequential(name, layers, where);
  const inputs = readRefs(property(body, 'inputLayers'), `${where}.input_layers`);
  const outputs = readRefs(property(body, 'outputLayers'), `${where}.output_layers`);
  const used = [...outputs, ...layers.flatMap(({ calls }) => calls.flat())];
  const spec: ModelSpec = {
    name,
    layers: byName(
      layers.map((layer) => withOwnCall(layer, used)),
      where,
    ),
    inputs,
    outputs,
  };
  for (const ref of [
    ...spec.inputs,
    ...spec.outputs,
    ...layers.flatMap(({ calls }) => calls.flat()),
  ])
    checkRef(ref, spec, where);
  return spec;
}

/** A model is called once when it is built; its calls as a layer are counted after that one, which is not saved. */
function withOwnCall(layer: LayerSpec, used: readonly TensorRef[]): LayerSpec {
  const isCountedFromOne = !used.some((ref) => ref.layer === layer.name && ref.node === 0);
  return layer.model !== undefined && isCountedFromOne
    ? { ...layer, calls: [[], ...layer.calls] }
    : layer;
}

function byName(layers: readonly LayerSpec[], where: string): ReadonlyMap<string, LayerSpec> {
  const map = new Map(layers.map((layer) => [layer.name, layer]));
  if (map.size < layers.length) throw invalidTopology(where, 'has two layers of the same name');
  return map;
}

function readLayer(json: JsonObject, where: string, depth: number): LayerSpec {
  const className = asText(property(json, 'className'), `${where}.class_name`);
  const config = property(json, 'config');
  const body = Array.isArray(config) ? {} : asObject(config, `${where}.config`);
  const calls = property(json, 'inboundNodes');
  return {
    name: asText(property(json, 'name') ?? property(body, 'name'), `${where}.name`),
    className,
    config: body,
    calls:
      calls === undefined
        ? []
        : asArray(calls, `${where}.inbound_nodes`).map((call) =>
            readRefs(call, `${where}.inbound_nodes`),
          ),
    ...(isModelClass(className) ? { model: readModel(json, where, depth + 1) } : {}),
  };
}

/** `[["layer", 0, 0], …]`, or a single one without the outer brackets. */
function readRefs(json: unknown, where: string): readonly TensorRef[] {
  const list = asArray(json, where);
  if (typeof list[0] === 'string') return [readRef(list, where)];
  return list.map((ref) => readRef(asArray(ref, where), where));
}

function readRef(json: readonly unknown[], where: string): TensorRef {
  const [layer, node, tensor] = json;
  const isIndex = (value: unknown): value is number =>
    Number.isSafeInteger(value) && (value as number) >= 0;
  if (!isIndex(node) || !isIndex(tensor))
    throw invalidTopology(where, 'must hold [layer name, node index, tensor index]');
  return { layer: asText(layer, where), node, tensor };
}

function checkRef({ layer, node }: TensorRef, { layers }: ModelSpec, where: string): void {
  const spec = layers.get(layer);
  if (spec === undefined)
    throw invalidTopology(where, `names the layer "${layer}", which it does not have`);
  if (node >= Math.max(spec.calls.length, spec.className === 'InputLayer' ? 1 : 0))
    throw invalidTopology(
      where,
      `names call ${node} of layer "${layer}", which is called ${spec.calls.length} times`,
    );
}

/** A Sequential as the graph it stands for. */
function sequential(name: string, layers: readonly LayerSpec[], where: string): ModelSpec {
  const [first] = layers;
  if (first === undefined) throw invalidTopology(where, 'has no layers');
  const input = first.className === 'InputLayer' ? first : inputLayer(first, where);
  const rest = first.className === 'InputLayer' ? layers.slice(1) : layers;
  let previous = input.name;
  const chained = rest.map((layer): LayerSpec => {
    const calls = [[{ layer: previous, node: 0, tensor: 0 }]];
    previous = layer.name;
    return { ...layer, calls };
  });
  return {
    name,
    layers: byName([input, ...chained], where),
    inputs: [{ layer: input.name, node: 0, tensor: 0 }],
    outputs: [{ layer: previous, node: 0, tensor: 0 }],
  };
}

/** The input that a Sequential's first layer declares in its own config. */
function inputLayer(first: LayerSpec, where: string): LayerSpec {
  const declared = first.model === undefined ? first : firstInput(first.model);
  const shape = property(declared.config, 'batchInputShape');
  if (shape === undefined)
    throw invalidTopology(
      where,
      `does not say the shape of its input: layer "${first.name}" has no batch_input_shape`,
    );
  const dtype =
    first.className === 'Embedding' ? 'float32' : (property(declared.config, 'dtype') ?? 'float32');
  return {
    name: `${first.name}_input`,
    className: 'InputLayer',
    config: { batchInputShape: shape, dtype },
    calls: [],
  };
}

function firstInput(model: ModelSpec): LayerSpec {
  return model.layers.get(model.inputs[0]!.layer)!;
}
