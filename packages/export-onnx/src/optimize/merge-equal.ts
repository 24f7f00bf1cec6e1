import { createTensorPool } from '../graph/tensor-pool.ts';
import { elementCount } from '../onnx/dtype.ts';
import { rawBytes } from '../onnx/encode.ts';
import type { Attribute, Graph, Node } from '../onnx/model.ts';
import { renameValues } from './rename.ts';

// The same node twice draws two different numbers.
const random: ReadonlySet<string> = new Set([
  'Bernoulli',
  'Dropout',
  'Multinomial',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
]);

// Tensors in attributes are settings; large ones are not worth their text.
const LARGEST_KEY = 64;

/** Equal constants are stored once, equal computations made once. */
export function mergeEqual(graph: Graph): Graph {
  const fixed = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name));
  const renaming = new Map<string, string>();
  const pool = createTensorPool();
  for (const { name, data } of graph.initializers) {
    if (fixed.has(name)) continue;
    const known = pool.find(data);
    if (known === undefined) pool.add(name, data);
    else renaming.set(name, known);
  }
  const known = new Map<string, Node>();
  const nodes: Node[] = [];
  for (const original of graph.nodes) {
    const node = renameValues(original, renaming);
    const key = keyOf(node);
    const equal = key === undefined ? undefined : known.get(key);
    if (equal !== undefined && !node.outputs.some((name) => fixed.has(name)))
      node.outputs.forEach((name, index) => renaming.set(name, equal.outputs[index]!));
    else {
      nodes.push(node);
      if (key !== undefined && equal === undefined) known.set(key, node);
    }
  }
  if (renaming.size === 0) return graph;
  return {
    ...graph,
    nodes,
    initializers: graph.initializers.filter(({ name }) => !renaming.has(name)),
    valueInfo: graph.valueInfo.filter(({ name }) => !renaming.has(name)),
  };
}

/** Equal keys mean equal results; undefined for what cannot be compared cheaply. */
function keyOf({ opType, domain, inputs, outputs, attributes, rest }: Node): string | undefined {
  if (random.has(opType) || rest !== undefined || (domain ?? '') !== '') return undefined;
  const entries = Object.entries(attributes).map(
    ([name, attribute]) => [name, attributeKey(attribute)] as const,
  );
  if (entries.some(([, key]) => key === undefined)) return undefined;
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([opType, inputs, outputs.map((name) => name === ''), sorted]);
}

function attributeKey(attribute: Attribute): unknown {
  const { type, value } = attribute;
  if (type === 'graph' || type === 'graphs' || type === 'tensors') return undefined;
  if (type === 'other') return [type, [...value]];
  if (type === 'float') return [type, exact(value)];
  if (type === 'floats') return [type, value.map(exact)];
  if (type !== 'tensor') return [type, value];
  return elementCount(value.shape) > LARGEST_KEY
    ? undefined
    : [type, value.dtype, value.shape, [...rawBytes(value)]];
}

/** JSON knows neither −0 nor NaN. */
function exact(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
