import type { GraphBuilder } from '../../graph/builder.ts';
import { turned, withMask } from '../../graph/ops.ts';
import type { Value } from '../../graph/value.ts';
import type { Cell } from './cells.ts';
import { fitMask } from './masks.ts';
import { runOperators } from './operators.ts';
import type { Run, RunOptions } from './run.ts';
import { runSteps } from './scan.ts';

/** Cells stacked on each other, run over `[batch, steps, …]`. */
export function runCells(
  graph: GraphBuilder,
  cells: readonly Cell[],
  input: Value,
  options: RunOptions,
): Run {
  const from = withMask(input, undefined);
  const { goBackwards } = options;
  const mask = options.mask && fitMask(graph, options.mask, from, goBackwards);
  const operators = cells.flatMap(({ operator }) => operator ?? []);
  // ONNX's operators take one decision per row and step.
  const fits = mask === undefined || mask.shape.length === from.shape.length - 1;
  return fits && operators.length === cells.length
    ? runOperators(graph, operators, from, { ...options, mask })
    : chain(graph, cells, from, { ...options, mask });
}

function chain(
  graph: GraphBuilder,
  cells: readonly Cell[],
  input: Value,
  { goBackwards, mask, initialStates, needsSequence, isTurned }: RunOptions,
): Run {
  let from = input;
  let order = mask;
  let sequence: Value | undefined;
  const finals: (readonly Value[])[] = [];
  cells.forEach(({ steps, stateCount }, index) => {
    const isLast = index === cells.length - 1;
    const scoped = cells.length === 1 ? graph : graph.within(`cell_${index}`);
    const run = runSteps(scoped, steps, from, {
      goBackwards: goBackwards && index === 0,
      mask: order,
      initialStates: (state) => initialStates.of(index, state),
      stateCount,
      needsSequence: needsSequence || !isLast,
      isTurned: isLast && isTurned,
    });
    finals.push(run.states);
    sequence = run.sequence;
    from = run.sequence ?? from;
    if (index === 0 && goBackwards && !isLast) order &&= turned(graph, order);
  });
  return { sequence, last: finals.at(-1)![0]!, states: finals.toReversed().flat() };
}
