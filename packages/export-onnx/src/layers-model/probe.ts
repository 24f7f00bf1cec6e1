import type { UnsupportedLayer } from '../errors.ts';
import { createGraphBuilder } from '../graph/builder.ts';
import { ListedRefusal } from '../graph/refusal.ts';
import type { Value } from '../graph/value.ts';
import type { Conversion } from './conversion.ts';
import { convertLayer, type LayerCall } from './convert-layer.ts';
import { BATCH } from '../graph/shapes.ts';
import { createStateBook } from './states.ts';

const RANKS = [2, 3, 4, 5];
const SIZES = [12, 64];
// Each level tries as often again.
const MAX_DEPTH = 2;

/**
 * The problems of a layer behind one that cannot be exported, where nobody knows what it would receive: those it has whatever
 * it receives. Tried on inputs of several ranks and sizes, in a graph that is thrown away.
 */
export function probe(
  call: LayerCall,
  received: readonly (Value | undefined)[],
  opset: number,
  conversion: Conversion,
): readonly UnsupportedLayer[] {
  if (conversion.probeDepth >= MAX_DEPTH) return [];
  let common: Map<string, UnsupportedLayer> | undefined;
  for (const rank of RANKS)
    for (const size of SIZES) {
      const found = new Map(
        attempt(call, received, opset, conversion, [
          BATCH,
          ...Array<number>(rank - 1).fill(size),
        ]).map((problem) => [JSON.stringify(problem), problem] as const),
      );
      common =
        common === undefined ? found : new Map([...common].filter(([key]) => found.has(key)));
      if (common.size === 0) return [];
    }
  return [...common!.values()];
}

function attempt(
  call: LayerCall,
  received: readonly (Value | undefined)[],
  opset: number,
  conversion: Conversion,
  shape: readonly (number | string)[],
): readonly UnsupportedLayer[] {
  const graph = createGraphBuilder(opset);
  const inputs = received.map((value, index) =>
    graph.input(`in${index}`, value?.dtype ?? 'float32', value?.shape ?? shape),
  );
  const problems: UnsupportedLayer[] = [];
  const trial: Conversion = {
    ...conversion,
    problems,
    states: createStateBook(undefined),
    probeDepth: conversion.probeDepth + 1,
  };
  try {
    convertLayer({ ...call, executorMask: undefined }, inputs, graph, trial);
  } catch (error) {
    // Anything else says something about the made-up input, not about the layer.
    if (!(error instanceof ListedRefusal)) return [];
  }
  return problems;
}
