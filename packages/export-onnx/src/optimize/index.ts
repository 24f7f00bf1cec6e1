import type { Graph } from '../onnx/model.ts';
import { affineRules } from './fold-affine.ts';
import { foldConstants, liftConstants } from './fold-constants.ts';
import { mergeEqual } from './merge-equal.ts';
import { mergePads } from './merge-pads.ts';
import { shapeRules } from './merge-shapes.ts';
import { nameOutputs } from './name-outputs.ts';
import { removeDead } from './remove-dead.ts';
import { rewrite } from './rewrite.ts';

// Every rule shortens a chain, so this many rounds are never reached; a graph of a stranger must end, too.
const MOST_ROUNDS = 100;

// Before this version of the format an initializer had to be an input, too, which a run may set.
const FIRST_WITH_CONSTANTS = 4;

/** The same computation in fewer nodes, for a file of this version of the format. */
export function optimize(graph: Graph, irVersion: number = FIRST_WITH_CONSTANTS): Graph {
  const lifted = irVersion < FIRST_WITH_CONSTANTS ? graph : liftConstants(graph);
  let current = removeDead(nameOutputs(lifted));
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const next = mergeEqual(
      rewrite(current, [foldConstants, mergePads, ...affineRules, ...shapeRules]),
    );
    if (next === current) break;
    current = removeDead(next);
  }
  return removeDead(nameOutputs(current));
}
