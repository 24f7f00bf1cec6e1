import type { WeightMap } from '../artifacts/weights.ts';
import { ExportError, type UnsupportedLayer } from '../errors.ts';
import { ListedRefusal, Refusal } from '../graph/refusal.ts';
import { invalidGraph } from './invalid-graph.ts';
import type { OpCall } from './op.ts';
import { converterOf } from './ops/index.ts';
import { refusalOf } from './ops/refused.ts';
import type { FunctionSpec, NodeSpec, OutputRef } from './read-graph.ts';
import { tensorOfData, type Scope, type Tensor } from './tensor.ts';

/** What the conversion of a whole model shares. */
export interface Conversion {
  readonly weights: WeightMap;
  readonly functions: ReadonlyMap<string, FunctionSpec>;
  /** Everything that cannot be exported, filled as it is met. */
  readonly problems: UnsupportedLayer[];
  readonly budget: { nodes: number };
  /** How many functions it is in. */
  readonly depth: number;
}

type Values = Map<string, readonly Tensor[] | undefined>;

// Calls cost stack; no real model comes near.
const MAX_DEPTH = 16;

/** The tensors asked for, converted with all that they need and no more; undefined behind what cannot be exported. */
export function convertNodes(
  nodes: ReadonlyMap<string, NodeSpec>,
  wanted: readonly OutputRef[],
  given: ReadonlyMap<string, readonly Tensor[]>,
  scope: Scope,
  conversion: Conversion,
): readonly (Tensor | undefined)[] {
  const values: Values = new Map(given);
  for (const node of needed(nodes, wanted, given))
    values.set(node.name, convert(node, values, scope, conversion));
  return wanted.map(({ node, index }) => {
    const outputs = values.get(node);
    if (outputs === undefined) return undefined;
    if (outputs[index] !== undefined) return outputs[index];
    throw invalidGraph(`"${node}"`, `has no output ${index}, which is one of the model's`);
  });
}

/** Nodes that the outputs need, each after those that it reads. */
function needed(
  nodes: ReadonlyMap<string, NodeSpec>,
  wanted: readonly OutputRef[],
  given: ReadonlyMap<string, readonly Tensor[]>,
): readonly NodeSpec[] {
  const order: NodeSpec[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const stack = wanted.map(({ node }) => node).reverse();
  while (stack.length > 0) {
    const name = stack.at(-1)!;
    if (given.has(name) || state.get(name) === 'done') {
      stack.pop();
      continue;
    }
    const node = nodes.get(name);
    if (node === undefined) throw invalidGraph('a node', `reads "${name}", which does not exist`);
    if (state.get(name) === 'open') {
      stack.pop();
      state.set(name, 'done');
      order.push(node);
      continue;
    }
    state.set(name, 'open');
    for (const { node: before } of node.inputs.toReversed()) {
      // Only loops of TensorFlow 1 close a circle, at a node that is refused.
      if (state.get(before) === undefined) stack.push(before);
    }
  }
  return order;
}

function convert(
  node: NodeSpec,
  values: Values,
  scope: Scope,
  conversion: Conversion,
): readonly Tensor[] | undefined {
  if (--conversion.budget.nodes < 0)
    throw new ExportError(
      'too-large',
      'The model calls its functions more often than any real model does.',
    );
  try {
    if (node.op === 'Const') return [constantOf(node, conversion)];
    const { outputs, isWhole } = inputsOf(node, values);
    const converter = converterOf(node.op);
    if (converter === undefined) throw new Refusal(...refusalOf(node.op));
    if (!isWhole) return undefined;
    const result = converter(callOf(node, outputs, scope, conversion));
    const list = isList(result) ? result : [result];
    for (const tensor of list)
      if (tensor.known === undefined) scope.dims.notice(tensor.value(scope));
    return list;
  } catch (error) {
    if (error instanceof ListedRefusal) return undefined;
    if (!(error instanceof Refusal)) throw error;
    const { message: reason, remedy } = error;
    conversion.problems.push({ path: node.name, className: node.op, reason, remedy });
    return undefined;
  }
}

function isList(result: Tensor | readonly Tensor[]): result is readonly Tensor[] {
  return Array.isArray(result);
}

function inputsOf(
  { inputs }: NodeSpec,
  values: Values,
): { readonly outputs: readonly Tensor[]; readonly isWhole: boolean } {
  const found = inputs.map(({ node, index }) => {
    const all = values.get(node);
    if (all !== undefined && all.length > 0 && index >= all.length)
      throw new Refusal(
        `it reads output ${index} of "${node}", which tfjs does not compute`,
        'Convert the model without it.',
      );
    return all?.[index];
  });
  const outputs = found.filter((tensor) => tensor !== undefined);
  return { outputs, isWhole: outputs.length === inputs.length };
}

function constantOf({ name }: NodeSpec, { weights }: Conversion): Tensor {
  const data = weights.get(name);
  if (data !== undefined) return tensorOfData(name, data);
  throw new Refusal(
    'its value is not among the weights, or is a string',
    'Give all weight files of the model, or convert it without strings.',
  );
}

function callOf(
  { name, op, attributes }: NodeSpec,
  inputs: readonly Tensor[],
  { graph, dims }: Scope,
  conversion: Conversion,
): OpCall {
  // Names of bodies hold the function's already.
  const inner = graph.within(name.replace(/^\/+/, ''));
  return {
    name,
    op,
    attributes,
    inputs,
    graph: inner,
    dims,
    scope: { graph: inner, dims },
    func(wanted) {
      const spec = conversion.functions.get(wanted);
      if (spec === undefined)
        throw invalidGraph(name, `calls the function "${wanted}", which does not exist`);
      return spec;
    },
    callFunction(spec, given, scope) {
      if (conversion.depth >= MAX_DEPTH)
        throw invalidGraph(name, `calls functions deeper than ${MAX_DEPTH}`);
      if (given.length < spec.inputs.length)
        throw new Refusal('its function has more arguments', 'Convert the model again.');
      const values = new Map(
        spec.inputs.map((argument, index) => [argument, [given[index]!]] as const),
      );
      const results = convertNodes(spec.nodes, spec.outputs, values, scope, {
        ...conversion,
        depth: conversion.depth + 1,
      });
      if (results.every((tensor) => tensor !== undefined)) return results;
      throw new ListedRefusal();
    },
  };
}
