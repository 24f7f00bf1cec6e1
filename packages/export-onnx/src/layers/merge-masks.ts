import type { GraphBuilder } from '../graph/builder.ts';
import { plain } from '../graph/layout.ts';
import { broadcast, cast, concat, reduce, squeeze, unsqueeze } from '../graph/ops.ts';
import { Refusal } from '../graph/refusal.ts';
import type { Value } from '../graph/value.ts';

const REMEDY = 'Mask all inputs alike, or none.';

function and(graph: GraphBuilder, masks: readonly Value[]): Value {
  return masks.reduce((left, right) =>
    graph.op('And', [left, right], { dtype: 'bool', shape: broadcast(left.shape, right.shape) }),
  );
}

/**
 * tfjs puts an axis before the first input's mask and leaves out the last one's: what comes has the batch where steps should
 * be. Layers that read no mask go on with it; a recurrent layer would apply row t of the batch to step t of all rows, and
 * refuses.
 */
export function mergedMask(graph: GraphBuilder, inputs: readonly Value[]): Value | undefined {
  const masks = inputs.map(({ mask }) => mask);
  if (masks.every((mask) => mask === undefined)) return undefined;
  const read = inputs.length === 2 ? masks.slice(0, 1) : masks.slice(0, -1);
  if (read.length === 1 && read[0] === undefined) return undefined;
  if (!read.every((mask) => mask !== undefined))
    throw new Refusal('tfjs cannot merge masked and unmasked inputs, if three or more', REMEDY);
  return unsqueeze(graph, and(graph, read), [0]);
}

/**
 * What tfjs makes of its inputs' masks: each gets a last axis of length 1, an input without one counts everywhere, all are
 * joined along `axis` and a place counts where everything counts along the last axis.
 */
export function concatenatedMask(
  graph: GraphBuilder,
  inputs: readonly Value[],
  axis: number,
): Value | undefined {
  if (inputs.every(({ mask }) => mask === undefined)) return undefined;
  const rank = inputs[0]!.shape.length;
  const misfit = (why: string): Refusal =>
    new Refusal(`tfjs cannot join the masks of its inputs: ${why}`, REMEDY);
  if (
    inputs.some(({ mask }) => mask !== undefined && ![rank - 1, rank].includes(mask.shape.length))
  )
    throw misfit('they have another rank');
  if (axis < -1) throw misfit('it counts a negative axis in two ways');
  const isLast = axis === -1 || axis === rank - 1;
  if (isLast) {
    const given = inputs.flatMap(({ mask }) => mask ?? []);
    return and(
      graph,
      given.map((mask) => allOfLast(graph, mask, rank)),
    );
  }
  const widths = new Set(
    inputs.map(({ mask, shape }) => {
      if (mask === undefined) return shape.at(-1);
      return mask.shape.length < rank ? 1 : mask.shape.at(-1);
    }),
  );
  if (widths.size > 1) throw misfit('the features of an unmasked input are not steps');
  const parts = inputs.map(({ mask, ...input }) =>
    mask === undefined ? everywhere(graph, input) : allOfLast(graph, mask, rank),
  );
  return concat(graph, parts, axis);
}

/** A mask of the full rank without its last axis: true where all along it is. */
function allOfLast(graph: GraphBuilder, mask: Value, rank: number): Value {
  if (mask.shape.length < rank) return mask;
  const numbers = cast(graph, mask, 'float32');
  return cast(graph, reduce(graph, 'ReduceMin', numbers, [rank - 1], false), 'bool');
}

/** True for every place of `[…places, 1]`. */
function everywhere(graph: GraphBuilder, input: Value): Value {
  const from = plain(graph, input);
  const some = cast(graph, squeeze(graph, from, [from.shape.length - 1]), 'bool');
  const none = graph.op('Not', [some], some);
  return graph.op('Or', [some, none], some);
}
