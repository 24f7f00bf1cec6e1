import type { GraphBuilder } from '../graph/builder.ts';
import { plain } from '../graph/layout.ts';
import { exactDim, slice, squeeze, transpose, unsqueeze, withMask } from '../graph/ops.ts';
import type { Value } from '../graph/value.ts';
import { ConfigProblem } from '../model/config.ts';
import { int, string } from '../onnx/model.ts';
import type { Cell } from './cells.ts';
import { pack, type Packed } from './masked.ts';

export interface RunOptions {
  readonly goBackwards: boolean;
  /** What tfjs's executor carries here; steps where it is false hold the state. */
  readonly mask: Value | undefined;
  /** In tfjs's order: the last cell's states first. Empty for zeros. */
  readonly initialStates: readonly Value[];
  readonly needsSequence: boolean;
  /** Whether the sequence comes in the order of time; else in the order of the run, as tfjs gives it. */
  readonly inTimeOrder: boolean;
}

export interface Run {
  /** `[batch, steps, units]` where asked for. */
  readonly sequence: Value | undefined;
  /** `[batch, units]`. */
  readonly last: Value;
  /** In tfjs's order. */
  readonly states: readonly Value[];
}

/** Cells stacked on each other, run over `[batch, steps, features]`. */
export function runCells(
  graph: GraphBuilder,
  cells: readonly Cell[],
  input: Value,
  options: RunOptions,
): Run {
  const { mask, goBackwards, needsSequence } = options;
  const from = withMask(plain(graph, input), undefined);
  if (from.shape.length !== 3)
    throw new ConfigProblem(
      `its input has rank ${from.shape.length}`,
      'Give it [batch, steps, features].',
    );
  if (mask !== undefined) checkMask(mask, from);
  // The operator can run backwards by itself, but not stacked, and not over packed steps.
  const isTurned = goBackwards && (mask !== undefined || cells.length > 1);
  const direction = goBackwards && !isTurned ? 'reverse' : 'forward';
  const turn = (value: Value): Value => slice(graph, value, 1, -1, -(2 ** 31 - 1), -1);
  const ordered = isTurned ? turn(from) : from;
  const packed = mask && pack(graph, ordered, isTurned ? turn(mask) : mask);
  const states = perCell(cells, options.initialStates);
  const run = chain(
    graph,
    cells,
    packed?.sequence ?? ordered,
    states,
    packed,
    direction,
    needsSequence,
  );
  // A reversed operator gives its sequence in the order of time.
  const isRunOrder = isTurned || !goBackwards;
  const wantsTurn = goBackwards && isRunOrder === options.inTimeOrder;
  const sequence = run.sequence && (wantsTurn ? turn(run.sequence) : run.sequence);
  return { ...run, sequence };
}

function checkMask(mask: Value, input: Value): void {
  const [batch, steps] = [mask.shape[0], mask.shape[1]];
  if (mask.shape.length === 2 && batch === input.shape[0] && steps === input.shape[1]) return;
  throw new ConfigProblem(
    `the mask [${mask.shape.join(', ')}] that tfjs carries here from layers before does not fit its input [${input.shape.join(', ')}]`,
    'Keep masked branches apart, or leave out the masking.',
  );
}

/** States in the order of the cells. */
function perCell(cells: readonly Cell[], states: readonly Value[]): readonly (readonly Value[])[] {
  const total = cells.reduce((sum, { stateCount }) => sum + stateCount, 0);
  if (states.length !== 0 && states.length !== total)
    throw new ConfigProblem(
      `it has ${states.length} initial states, its cells need ${total}`,
      'Give one per state.',
    );
  let at = 0;
  const reversed = cells.toReversed().map(({ stateCount }) => states.slice(at, (at += stateCount)));
  return reversed.toReversed();
}

function chain(
  graph: GraphBuilder,
  cells: readonly Cell[],
  input: Value,
  initial: readonly (readonly Value[])[],
  packed: Packed | undefined,
  direction: 'forward' | 'reverse',
  needsSequence: boolean,
): Run {
  let sequence = input;
  const finals: (readonly Value[])[] = [];
  cells.forEach((cell, index) => {
    const before = initial[index]!;
    const scoped = cells.length === 1 ? graph : graph.within(`cell_${index}`);
    const { all, states } = runCell(scoped, cell, sequence, before, packed?.lengths, direction);
    finals.push(states.map((state, place) => packed?.lastOr(state, before[place]) ?? state));
    sequence = all;
  });
  const start = initial.at(-1)?.[0];
  return {
    sequence: needsSequence ? (packed?.unpack(sequence, start) ?? sequence) : undefined,
    last: finals.at(-1)![0]!,
    states: finals.toReversed().flat(),
  };
}

// Y, Y_h, Y_c = LSTM(X [T, N, F], W, R, B, lengths, H₀, C₀)   (opset 14); GRU and RNN have no C
function runCell(
  graph: GraphBuilder,
  cell: Cell,
  input: Value,
  initial: readonly Value[],
  lengths: Value | undefined,
  direction: 'forward' | 'reverse',
): { readonly all: Value; readonly states: readonly Value[] } {
  const [batch, steps] = [input.shape[0]!, input.shape[1]!];
  const [w, r, b] = cell.weights(exactDim(input, 2, 'the number of features'));
  const state = { dtype: 'float32', shape: [1, batch, cell.units] } as const;
  const inputs = [
    transpose(graph, input, [1, 0, 2]),
    graph.constant('kernel', w),
    graph.constant('recurrent_kernel', r),
    b && graph.constant('bias', b),
    lengths,
    ...initial.map((value) => unsqueeze(graph, value, [0])),
  ];
  while (inputs.at(-1) === undefined) inputs.pop();
  const [all, ...finals] = graph.node(
    cell.opType,
    inputs,
    [
      { dtype: 'float32', shape: [steps, 1, batch, cell.units] },
      ...new Array<typeof state>(cell.stateCount).fill(state),
    ],
    { ...cell.attributes, direction: string(direction), hidden_size: int(cell.units) },
  );
  return {
    all: transpose(graph, squeeze(graph, all!, [1]), [1, 0, 2]),
    states: finals.map((value) => squeeze(graph, value, [0])),
  };
}
