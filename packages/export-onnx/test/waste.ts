import { rawBytes } from '../src/onnx/encode.ts';
import type { Attribute, Graph, Initializer, Node } from '../src/onnx/model.ts';
import { subgraphs, valuesRead } from '../src/optimize/graph-uses.ts';

/** What a graph and those inside it hold in vain: what nobody reads, what is there twice, what is known before the run. */
export function wasteIn(graph: Graph, outer: ReadonlySet<string> = new Set()): readonly string[] {
  const { nodes, initializers, outputs } = graph;
  const read = new Set([...nodes.flatMap(valuesRead), ...outputs.map(({ name }) => name)]);
  const constants = new Set([...outer, ...initializers.map(({ name }) => name)]);
  const made = [...initializers.map(({ name }) => [name]), ...nodes.map((node) => node.outputs)];
  const named = new Set(outputs.map(({ name }) => name));
  const isOutput = (node: Node): boolean => node.outputs.some((name) => named.has(name));
  const isKnown = ({ opType, inputs }: Node): boolean =>
    // An Identity gives a constant the name of an output; a large fill is small as long as it is none.
    !['Identity', 'ConstantOfShape', 'Expand', 'RandomUniformLike', 'RandomNormalLike'].includes(
      opType,
    ) &&
    inputs.length > 0 &&
    inputs.every((name) => name === '' || constants.has(name));
  return [
    ...made
      .filter((names) => !names.some((name) => read.has(name)))
      .map(([name]) => `nobody reads ${name}`),
    ...twice(initializers, contentOf),
    // A value that is two outputs gets two names, and two draws are two numbers.
    ...twice(
      nodes.filter(
        (node) =>
          !(node.opType === 'Identity' && isOutput(node)) && !node.opType.startsWith('Random'),
      ),
      computationOf,
    ),
    ...nodes.filter(isKnown).map(({ name }) => `${name} is known before the run`),
    ...nodes.flatMap(subgraphs).flatMap((inner) => wasteIn(inner, constants)),
  ];
}

function twice<T extends { readonly name: string }>(
  items: readonly T[],
  keyOf: (item: T) => string,
): readonly string[] {
  const known = new Map<string, string>();
  return items.flatMap((item) => {
    const key = keyOf(item);
    const first = known.get(key);
    if (first === undefined) known.set(key, item.name);
    return first === undefined ? [] : [`${item.name} is ${first} again`];
  });
}

function contentOf({ data }: Initializer): string {
  return `${data.dtype} ${data.shape.join()} ${Buffer.from(rawBytes(data)).toString('base64')}`;
}

function computationOf({ opType, inputs, attributes }: Node): string {
  return JSON.stringify([opType, inputs, Object.entries(attributes).map(settingOf)]);
}

function settingOf([name, { type, value }]: [string, Attribute]): unknown {
  if (type === 'graph') return [name, value.nodes.map(computationOf), value.outputs.length];
  return type === 'tensor' ? [name, [...rawBytes(value)]] : [name, value];
}
