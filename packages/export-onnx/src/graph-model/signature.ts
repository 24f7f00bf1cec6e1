import { asObject, type JsonObject } from '../artifacts/json.ts';
import type { GraphModelArtifacts } from './artifacts.ts';
import { readShape } from './attributes.ts';
import { invalidGraph } from './invalid-graph.ts';
import { parseRef, type GraphSpec, type NodeSpec, type OutputRef } from './read-graph.ts';

/** An input or output of the model. */
export interface Port {
  /** Its key in the signature, without `:0`; else its node's name. */
  readonly name: string;
  readonly ref: OutputRef;
  /** As the signature has it; -1 for an open dimension. */
  readonly shape?: readonly number[] | undefined;
}

export interface Ports {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** What goes in and comes out, as tfjs reads it: from either place of the signature, else placeholders and ends of the graph. */
export function portsOf(artifacts: GraphModelArtifacts, { nodes }: GraphSpec): Ports {
  const { userDefinedMetadata: metadata } = artifacts;
  const nested = metadata === undefined ? undefined : asObject(metadata, 'userDefinedMetadata');
  const raw = nested?.['signature'] ?? artifacts.signature ?? undefined;
  const signature = raw === undefined ? {} : asObject(raw, 'signature');
  const inputs = read(signature['inputs'], 'signature.inputs').filter(({ ref }) =>
    nodes.has(ref.node),
  );
  const outputs = read(signature['outputs'], 'signature.outputs');
  for (const { name, ref } of outputs)
    if (!nodes.has(ref.node))
      throw invalidGraph(
        'signature',
        `names the output "${name}" of node "${ref.node}", which does not exist`,
      );
  return {
    inputs: inputs.length > 0 ? inputs : placeholders(nodes),
    outputs: outputs.length > 0 ? outputs : ends(nodes),
  };
}

function read(json: unknown, where: string): readonly Port[] {
  const entries: JsonObject = json === undefined || json === null ? {} : asObject(json, where);
  return Object.entries(entries).map(([key, entry]) => {
    const { name, tensorShape } = asObject(entry, `${where}.${key}`);
    if (typeof name !== 'string') throw invalidGraph(`${where}.${key}`, 'has no name');
    return {
      name: key.replace(/:0$/, ''),
      ref: parseRef(name),
      shape: readShape(tensorShape, `${where}.${key}`),
    };
  });
}

const isPlaceholder = ({ op }: NodeSpec): boolean => op === 'Placeholder';

function placeholders(nodes: GraphSpec['nodes']): readonly Port[] {
  return [...nodes.values()].filter(isPlaceholder).map(({ name }) => port(name));
}

function ends(nodes: GraphSpec['nodes']): readonly Port[] {
  const read = new Set([...nodes.values()].flatMap(({ inputs }) => inputs.map(({ node }) => node)));
  return [...nodes.values()]
    .filter((node) => !read.has(node.name) && !['Const', 'NoOp', 'Placeholder'].includes(node.op))
    .map(({ name }) => port(name));
}

function port(name: string): Port {
  return { name, ref: { node: name, index: 0 } };
}
